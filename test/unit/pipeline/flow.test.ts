import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { flowEdges, wayOf } from '../../../src/pipeline/flow.js';
import { loadPipeline } from '../../../src/pipeline/load.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'pipelines/person-planning');

function load(profiles: string[] = []) {
  const { pipeline, problems } = loadPipeline({ files: [folder], profiles, env: {}, cwd: root });
  if (pipeline === undefined) throw new Error(JSON.stringify(problems));
  return pipeline;
}

describe('the data flow', () => {
  it.each([[[]], [['ksql-connectors']]])(
    'goes from each source of person-planning to its replica (profiles %j)',
    (profiles) => {
      const pipeline = load(profiles);
      const edges = flowEdges(pipeline);
      const ways = pipeline.checks.map((check) =>
        check.kind === 'compare' ? wayOf(check, edges).map(({ kind, name }) => `${kind} ${name}`) : [],
      );
      expect(ways).toEqual([
        ['connector person-outbox', 'group planning-person-consumer'],
        ['connector accounting-cdc', 'query CSAS_BALANCE_SHEET_EVENTS', 'group planning-balance-sheet-consumer'],
      ]);
    },
  );
});
