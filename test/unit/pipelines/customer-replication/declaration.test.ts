import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { drawText } from '../../../../src/kinds/flow/draw.js';
import { flowEdges } from '../../../../src/kinds/flow/flow.js';
import { stagesOf } from '../../../../src/kinds/flow/ways.js';
import { KINDS } from '../../../../src/kinds/table.js';
import { loadPipeline } from '../../../../src/pipeline/load.js';
import { textOf } from '../../pipeline/workspace.js';

const PIPELINE = fileURLToPath(new URL('../../../../pipelines/customer-replication', import.meta.url));
const load = (profiles: readonly string[]) =>
  loadPipeline({ files: [PIPELINE], profiles, env: {}, cwd: PIPELINE }, KINDS);

describe('customer-replication', () => {
  it.each([[], ['dev'], ['test'], ['production-like']])('is declared without a flaw (profile %s)', (...profiles) => {
    expect(load(profiles).problems.map(textOf)).toEqual([]);
  });

  it('runs several copies of the replicator that are one stage of the way, and one thing of the drawing', () => {
    const { pipeline } = load(['production-like']);
    if (pipeline === undefined) throw new Error('it loads');
    expect(pipeline.services.map(({ name }) => name)).toEqual([
      'customers',
      'replication',
      'replication-2',
      'replication-3',
      'alternate',
      'email-notification',
      'email-notification-2',
      'email-notification-3',
    ]);
    const edges = flowEdges(pipeline);
    const ways = pipeline.checks.flatMap((check) =>
      check.kind === 'compare' ? [stagesOf(check, edges).map(({ name }) => name)] : [],
    );
    expect(ways).toEqual([
      ['customer-outbox', 'replication'],
      ['customer-outbox', 'email-notification'],
    ]);
    const drawn = drawText(pipeline, { columns: 120 });
    expect(drawn).toContain('service ×3');
    expect(drawn).not.toContain('replication-2');
    expect(drawn).toMatch(/customers\.customers/);
    expect(drawn).toMatch(/documents, check customers/);
  });
});
