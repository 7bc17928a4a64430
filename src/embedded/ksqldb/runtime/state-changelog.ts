import { setImmediate } from 'node:timers/promises';
import type { KafkaClient, KafkaRecord, PartitionPosition } from '../../../clients/kafka/contract.js';
import { ensureTopic } from '../../../clients/kafka/ensure-topic.js';
import { readToEnd } from '../../../clients/kafka/read-topic.js';
import { Store, type StoreSpec } from '../../../ksql/rows/store.js';
import { isJsonObject, parseJson } from '../../../protocol/json/parse.js';

/**
 * All state of one task in one partition, so that its order is one order: changes of stores, and now and then a
 * marker saying up to which input positions they go. A restart takes the changes up to the last marker and reads its
 * inputs from there: no input counts twice, whatever the crash cut off. A query that is not divided is one task.
 */
export interface TaskState {
  readonly stores: ReadonlyMap<string, Store>;
  /** Of the last marker; undefined where nothing was ever committed. */
  readonly positions: readonly PartitionPosition[] | undefined;
}

const MARKER = '{"marker":true}';

export const changelogTopic = (group: string): string => `${group}-state-changelog`;

/** As many tasks as it has partitions: once made, that is how the query is divided. */
export async function createChangelog(kafka: KafkaClient, group: string, tasks: number): Promise<number> {
  const spec = { name: changelogTopic(group), partitions: tasks, config: { 'cleanup.policy': 'compact' } };
  return (await ensureTopic(kafka, spec))?.partitions.length ?? tasks;
}

export const markerRecord = (group: string, task: number, positions: readonly PartitionPosition[]) => ({
  topic: changelogTopic(group),
  partition: task,
  key: Buffer.from(MARKER),
  value: Buffer.from(
    JSON.stringify(positions.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) }))),
  ),
});

/** Entries that are made between two turns of the event loop: other queries and requests go on meanwhile. */
const ENTRIES_AT_ONCE = 2_000;

/** What was read of one partition of the changelog. */
interface Changes {
  readonly latest: Map<string, Buffer>;
  pending: Array<readonly [string, Buffer | null]>;
  positions: PartitionPosition[] | undefined;
}

/** Reads the changelog of these tasks to its end. Of what changed often, only the last change is looked into. */
export async function restoreState(
  kafka: KafkaClient,
  group: string,
  specs: readonly StoreSpec[],
  tasks: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, TaskState>> {
  const topic = changelogTopic(group);
  const changes = new Map<number, Changes>(
    tasks.map((task) => [task, { latest: new Map<string, Buffer>(), pending: [], positions: undefined }]),
  );
  const from = (await kafka.offsets(topic, 'earliest')).filter(({ partition }) => changes.has(partition));
  for await (const { partition, records } of readToEnd(kafka, topic, { from, signal })) {
    const ofTask = changes.get(partition);
    if (ofTask !== undefined) for (const record of records) take(ofTask, record);
  }
  const states = new Map<number, TaskState>();
  let count = 0;
  for (const [task, { latest, positions }] of changes) {
    const stores = new Map(specs.map((spec) => [spec.name, new Store(spec)]));
    for (const [text, value] of latest) {
      const key = parseJson(text);
      if (isJsonObject(key) && typeof key.n === 'string') stores.get(key.n)?.restore(key, value);
      count += 1;
      if (count % ENTRIES_AT_ONCE === 0) await setImmediate();
    }
    states.set(task, { stores, positions });
  }
  return states;
}

function take(changes: Changes, { key, value }: KafkaRecord): void {
  if (key === null) return;
  const text = key.toString('utf8');
  if (text !== MARKER) {
    changes.pending.push([text, value]);
    return;
  }
  for (const [changed, bytes] of changes.pending) {
    if (bytes === null) changes.latest.delete(changed);
    else changes.latest.set(changed, bytes);
  }
  changes.pending = [];
  changes.positions = value === null ? undefined : readPositions(value);
}

function readPositions(value: Buffer): PartitionPosition[] {
  const list = JSON.parse(value.toString('utf8')) as Array<{ topic: string; partition: number; offset: string }>;
  return list.map(({ topic, partition, offset }) => ({ topic, partition, offset: BigInt(offset) }));
}
