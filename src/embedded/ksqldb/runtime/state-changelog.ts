import type { KafkaClient, PartitionPosition, RecordPlace } from '../../../clients/kafka/contract.js';
import { ensureTopic } from '../../../clients/kafka/ensure-topic.js';
import { readToEnd } from '../../../clients/kafka/read-topic.js';
import { type Packed, packedAt } from '../../../ksql/rows/entry-pieces.js';
import type { StateMemory } from '../../../ksql/rows/state-memory.js';
import { Store, type StoreSpec } from '../../../ksql/rows/store.js';
import { keyAndValueAt } from '../../../protocol/kafka/key-and-value.js';
import type { QueryPart } from './query-options.js';

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

const MARKER = Buffer.from('{"marker":true}');

export const changelogTopic = (group: string): string => `${group}-state-changelog`;

/** As many tasks as it has partitions: once made, that is how the query is divided. */
export async function createChangelog(kafka: KafkaClient, group: string, tasks: number): Promise<number> {
  const spec = { name: changelogTopic(group), partitions: tasks, config: { 'cleanup.policy': 'compact' } };
  return (await ensureTopic(kafka, spec))?.partitions.length ?? tasks;
}

export const markerRecord = (group: string, task: number, positions: readonly PartitionPosition[]) => ({
  topic: changelogTopic(group),
  partition: task,
  key: MARKER,
  value: Buffer.from(
    JSON.stringify(positions.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) }))),
  ),
});

/** What is read of one partition of the changelog: what comes after the last marker does not count. */
class Restoring {
  readonly stores: ReadonlyMap<string, Store>;
  positions: PartitionPosition[] | undefined;
  /** Changes since the last marker: the bytes in which each lies, and where. */
  private readonly pendingBytes: Buffer[] = [];
  private readonly pendingAt: number[] = [];
  /** That of the change before: mostly of the next one too. */
  private last: Store | undefined;

  constructor(specs: readonly StoreSpec[], memory: StateMemory | undefined) {
    this.stores = new Map(specs.map((spec) => [spec.name, new Store(spec, memory)]));
  }

  take({ bytes, at }: RecordPlace): void {
    const { keyAt, keyEnd, valueAt, valueEnd } = keyAndValueAt(bytes, at);
    if (keyAt < 0) return;
    if (keyEnd - keyAt !== MARKER.length || MARKER.compare(bytes, keyAt, keyEnd) !== 0) {
      this.pendingBytes.push(bytes);
      this.pendingAt.push(at);
      return;
    }
    this.applyPending();
    this.positions = valueAt < 0 ? undefined : readPositions(bytes.toString('utf8', valueAt, valueEnd));
  }

  private applyPending(): void {
    const { pendingBytes, pendingAt } = this;
    for (let place = 0; place < pendingBytes.length; place += 1) {
      const [bytes, at] = [pendingBytes[place], pendingAt[place]];
      if (bytes === undefined || at === undefined) continue;
      const change = packedAt(bytes, at);
      this.storeOf(change)?.restore(change);
    }
    pendingBytes.length = 0;
    pendingAt.length = 0;
  }

  private storeOf(key: Packed): Store | undefined {
    if (this.last?.owns(key) !== true) this.last = [...this.stores.values()].find((store) => store.owns(key));
    return this.last;
  }
}

type TaskStates = ReadonlyMap<number, TaskState>;

/** Of tasks that are over, or that were read again: nothing but those that go on with other tasks is used any more. */
export function closeStates(states: TaskStates, goingOn: TaskStates = new Map()): void {
  for (const [task, { stores }] of states) {
    if (goingOn.get(task)?.stores === stores) continue;
    for (const store of stores.values()) store.close();
  }
}

/** Reads the changelog of these tasks to its end. */
export async function restoreState(
  { kafka, group, plan, memory }: Pick<QueryPart, 'kafka' | 'group' | 'plan' | 'memory'>,
  tasks: readonly number[],
  signal: AbortSignal,
): Promise<TaskStates> {
  const topic = changelogTopic(group);
  const states = new Map(tasks.map((task) => [task, new Restoring(plan.stores, memory)]));
  const visit = (record: RecordPlace): void => states.get(record.partition)?.take(record);
  try {
    const from = (await kafka.offsets(topic, 'earliest')).filter(({ partition }) => states.has(partition));
    for await (const _ of readToEnd(kafka, topic, { from, signal, visit })) {
      // The records have been visited.
    }
  } catch (failure) {
    closeStates(states);
    throw failure;
  }
  return states;
}

function readPositions(text: string): PartitionPosition[] {
  const list = JSON.parse(text) as Array<{ topic: string; partition: number; offset: string }>;
  return list.map(({ topic, partition, offset }) => ({ topic, partition, offset: BigInt(offset) }));
}
