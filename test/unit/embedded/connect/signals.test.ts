import { describe, expect, it } from 'vitest';
import type { IncrementalSnapshot, SnapshotRequest } from '../../../../src/embedded/connect/postgresql/incremental.js';
import { handleSignal } from '../../../../src/embedded/connect/postgresql/signals.js';
import { lineLog } from '../../../../src/support/log.js';

/** What a signal with this data makes, and what the log says of it. */
function sent(type: string, data: string) {
  const requests: SnapshotRequest[] = [];
  const blocking: string[] = [];
  let said = '';
  const incremental = {
    request: (all: readonly SnapshotRequest[]) => void requests.push(...all),
    stop: () => {},
  } as unknown as IncrementalSnapshot;
  const targets = {
    incremental,
    tables: ['public.orders', 'public.bills'],
    readBlocking: (selects: ReadonlyMap<string, string | undefined>) => void blocking.push(...selects.keys()),
  };
  handleSignal(
    { id: '1', type, data },
    targets,
    lineLog((line) => (said += line)),
  );
  return { requests, blocking, said };
}

describe('a signal', () => {
  it('asks for snapshots of the tables that its patterns match', () => {
    const data =
      '{"data-collections":["public\\\\.o.*"],"additional-conditions":[{"data-collection":"public.orders","filter":"id > 5"}]}';
    expect(sent('execute-snapshot', data).requests).toEqual([{ table: 'public.orders', filter: 'id > 5' }]);
    expect(sent('execute-snapshot', '{"type":"BLOCKING","data-collections":["public.bills"]}').blocking).toEqual([
      'public.bills',
    ]);
  });

  // Each of these once ended the task, and again at every restart: the row stays in the WAL.
  it.each([
    ['log', 'null', 'not a JSON object'],
    ['log', '[1]', 'not a JSON object'],
    ['execute-snapshot', '{"type":5}', 'its type is not text'],
    ['execute-snapshot', '{"data-collections":"public.orders"}', 'not a list of texts'],
    ['stop-snapshot', '{"data-collections":[null]}', 'not a list of texts'],
    [
      'execute-snapshot',
      '{"data-collections":["public.orders"],"additional-conditions":[{}]}',
      'additional-conditions',
    ],
  ])('%s with %s is warned of, and nothing else', (type, data, why) => {
    const { requests, blocking, said } = sent(type, data);
    expect([requests, blocking]).toEqual([[], []]);
    expect(said).toContain('signal was not understood');
    expect(said).toContain(why);
  });

  it('whose pattern backtracks without an end asks for nothing, once', () => {
    const { requests, said } = sent(
      'execute-snapshot',
      '{"data-collections":["(.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*)*x","public.bills"]}',
    );
    expect(requests).toEqual([]);
    expect(said.match(/took longer than/g)).toHaveLength(1);
  });
});
