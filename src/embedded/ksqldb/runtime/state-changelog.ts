import { setImmediate } from 'node:timers/promises';
import type { KafkaClient, PartitionPosition } from '../../../clients/kafka/contract.js';
import { readToEnd } from '../../../clients/kafka/read-topic.js';
import { Store, type StoreSpec } from '../../../ksql/rows/store.js';
import { isJsonObject, parseJson } from '../../../protocol/json/parse.js';

/**
 * All state of one query in one partition, so that its order is one order: changes of stores, and now and then a
 * marker saying up to which input positions they go. A restart takes the changes up to the last marker and reads its
 * inputs from there: no input counts twice, whatever the crash cut off.
 */
export interface RestoredState {
  readonly stores: ReadonlyMap<string, Store>;
  /** Of the last marker; undefined where nothing was ever committed. */
  readonly positions: readonly PartitionPosition[] | undefined;
}

const MARKER = '{"marker":true}';

export const changelogTopic = (group: string): string => `${group}-state-changelog`;

export async function createChangelog(kafka: KafkaClient, group: string): Promise<void> {
  const name = changelogTopic(group);
  if ((await kafka.describeTopic(name)) !== undefined) return;
  await kafka.createTopic({ name, partitions: 1, config: { 'cleanup.policy': 'compact' } });
}

export const markerRecord = (group: string, positions: readonly PartitionPosition[]) => ({
  topic: changelogTopic(group),
  partition: 0,
  key: Buffer.from(MARKER),
  value: Buffer.from(
    JSON.stringify(positions.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) }))),
  ),
});

/** Entries that are made between two turns of the event loop: other queries and requests go on meanwhile. */
const ENTRIES_AT_ONCE = 2_000;

/** Reads the changelog to its end. Of what changed often, only the last change is looked into. */
export async function restoreState(
  kafka: KafkaClient,
  group: string,
  specs: readonly StoreSpec[],
): Promise<RestoredState> {
  const stores = new Map(specs.map((spec) => [spec.name, new Store(spec)]));
  const latest = new Map<string, Buffer>();
  let positions: PartitionPosition[] | undefined;
  let pending: Array<readonly [string, Buffer | null]> = [];
  for await (const { records } of readToEnd(kafka, changelogTopic(group))) {
    for (const { key, value } of records) {
      if (key === null) continue;
      const text = key.toString('utf8');
      if (text !== MARKER) {
        pending.push([text, value]);
        continue;
      }
      for (const [changed, bytes] of pending) {
        if (bytes === null) latest.delete(changed);
        else latest.set(changed, bytes);
      }
      pending = [];
      positions = value === null ? undefined : readPositions(value);
    }
  }
  let count = 0;
  for (const [text, value] of latest) {
    const key = parseJson(text);
    if (isJsonObject(key) && typeof key.n === 'string') stores.get(key.n)?.restore(key, value);
    count += 1;
    if (count % ENTRIES_AT_ONCE === 0) await setImmediate();
  }
  return { stores, positions };
}

function readPositions(value: Buffer): PartitionPosition[] {
  const list = JSON.parse(value.toString('utf8')) as Array<{ topic: string; partition: number; offset: string }>;
  return list.map(({ topic, partition, offset }) => ({ topic, partition, offset: BigInt(offset) }));
}
