import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KINDS } from '../../../../src/kinds/table.js';
import { loadPipeline } from '../../../../src/pipeline/load.js';
import { textOf } from '../../pipeline/workspace.js';

const PIPELINE = fileURLToPath(new URL('../../../../pipelines/notification-hub', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-hub-'));
  cpSync(PIPELINE, folder, { recursive: true, filter: (path) => !path.includes('.evpipe') });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const problemsOf = (text?: string): readonly string[] => {
  if (text !== undefined) writeFileSync(join(folder, 'evpipe.yaml'), `version: 1\nname: hub\n${text}`);
  return loadPipeline({ files: [folder], profiles: [], env: {}, cwd: folder }, KINDS).problems.map(textOf);
};

/** As the published system is wired: nobody publishes, nobody receives but by hand, database and cache are used by nobody. */
const ORIGINAL = `
databases: { hub: {} }
rabbitmq: { queues: { likes: { durable: false } } }
stores: { cache: { kind: cache } }
services:
  main: { module: services/main.ts, port: 8000 }
  notification: { module: services/notification.ts, port: 8001 }
gateway: { port: 8080, routes: { /api/v1/main: mian } }
checks: { likes: { conservation: { queue: likes } } }
`;

describe('notification-hub', () => {
  it('is declared without a flaw', () => {
    expect(problemsOf()).toEqual([]);
  });

  it('has no defect of the original left that its declaration would not show', () => {
    const found = problemsOf(ORIGINAL).join('\n');
    for (const defect of [
      /4:\d+ warning unused: database hub is used by nothing/,
      /5:\d+ warning queue-without-publisher: queue likes: nobody publishes to it/,
      /5:\d+ warning queue-without-consumer: queue likes: nobody receives from it/,
      /5:\d+ warning queue-not-durable: queue likes is not durable/,
      /5:\d+ warning queue-without-dead-letter: queue likes has no dead-letter queue/,
      /6:\d+ warning unused: store cache is used by no service/,
    ])
      expect(problemsOf(ORIGINAL.replace('mian', 'main')).join('\n')).toMatch(defect);
    expect(found).toMatch(/10:\d+ error dangling-reference: there is no service mian, did you mean main\?/);
  });
});
