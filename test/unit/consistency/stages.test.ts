import { describe, expect, it } from 'vitest';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import {
  type ConnectorProbe,
  connectorStage,
  type Fence,
  type SnapshotState,
} from '../../../src/consistency/stages.js';
import type { Lsn } from '../../../src/support/brands.js';

const lsn = (value: number): Lsn => BigInt(value) as Lsn;
const fenceAt = (value: number): Fence => ({ kind: 'wal', database: 'source', lsn: lsn(value) });
const noKafka = {} as KafkaClient;

interface Seen {
  readonly confirmed: number | undefined;
  readonly snapshot?: SnapshotState;
}

/** What a stage says of a fence at 100, look after look. New fences are at 500. */
async function looks(atStart: number | undefined, seen: readonly Seen[]): Promise<readonly boolean[]> {
  let now: Seen | undefined;
  const probe: ConnectorProbe = {
    name: 'cdc',
    confirmedLsn: async () => (now?.confirmed === undefined ? undefined : lsn(now.confirmed)),
    snapshot: async () => now?.snapshot,
    takeFence: async () => lsn(500),
    topics: async () => [],
    trouble: async () => undefined,
  };
  const stage = connectorStage(probe, noKafka, atStart === undefined ? undefined : lsn(atStart));
  const reached: boolean[] = [];
  for (now of seen) reached.push((await stage.progress(fenceAt(100))).reached);
  return reached;
}

describe('a connector as a stage', () => {
  it.each<[string, number | undefined, Seen[], boolean[]]>([
    [
      'is passed once its slot is confirmed up to the fence',
      50,
      [{ confirmed: 99 }, { confirmed: 100 }],
      [false, true],
    ],
    [
      'is not passed by a slot made after the check began, which starts beyond the fence',
      undefined,
      [{ confirmed: undefined }, { confirmed: 300 }, { confirmed: 300, snapshot: 'running' }, { confirmed: 500 }],
      [false, false, false, true],
    ],
    [
      'is not passed by a slot that was dropped and made again',
      50,
      [{ confirmed: undefined }, { confirmed: 300 }, { confirmed: 600 }],
      [false, false, true],
    ],
    [
      'is not passed while a snapshot runs',
      50,
      [
        { confirmed: 100, snapshot: 'running' },
        { confirmed: 100, snapshot: 'done' },
      ],
      [false, true],
    ],
    [
      'is not passed by a slot that has never moved, unless its snapshot is known to be done',
      100,
      [{ confirmed: 100 }, { confirmed: 100, snapshot: 'pending' }, { confirmed: 100, snapshot: 'done' }],
      [false, false, true],
    ],
  ])('%s', async (_, atStart, seen, reached) => {
    expect(await looks(atStart, seen)).toEqual(reached);
  });
});
