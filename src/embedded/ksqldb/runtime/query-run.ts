import type {
  KafkaRecord,
  PartitionPosition,
  RecordBatch,
  RecordProducer,
  RecordReader,
  TransactionalProducer,
} from '../../../clients/kafka/contract.js';
import type { Row } from '../../../ksql/rows/row.js';
import { messageOf } from '../../../support/errors.js';
import { waitUntil } from '../../../support/retry.js';
import { LoopTurn } from './loop-turn.js';
import { PlanRun, topicsOf } from './plan-run.js';
import type { Holding, QueryPart } from './query-options.js';
import { openOutput } from './query-output.js';
import { joined, openProducers, type Task, taskOf } from './query-tasks.js';
import { RepartitionPurge } from './repartition.js';
import { changelogTopic, closeStates, markerRecord, restoreState, type TaskState } from './state-changelog.js';
import { TimeMerge } from './time-merge.js';

/** How soon after progress the group's offsets say so: fences wait for them. */
const COMMIT_AFTER_MS = 100;

/** How often it is asked whether a topic has grown. */
const PARTITIONS_EVERY_MS = 10_000;

/** How long the engine that took a statement may need to fix where its query begins. */
const START_WITHIN_MS = 5_000;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const nameOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic} ${partition}`;

/** Where the group is. Another engine that took the statement may be about to say where the query begins. */
async function startOf(options: QueryPart, signal: AbortSignal): Promise<readonly PartitionPosition[]> {
  const { kafka, group, plan, begunElsewhere } = options;
  const committed = await kafka.committedOffsets(group, topicsOf(plan));
  if (committed.length > 0 || begunElsewhere !== true) return committed;
  const found = async () => {
    const now = await kafka.committedOffsets(group, topicsOf(plan));
    return now.length === 0 ? undefined : now;
  };
  // Where that engine is gone, the query begins where its properties say.
  return waitUntil('the start of a query', found, { timeoutMs: START_WITHIN_MS, signal }).catch(() => []);
}

/** Fixes where a query begins, once and for all. */
export async function fixStart({ kafka, group, offsetReset, plan }: QueryPart): Promise<void> {
  const topics = topicsOf(plan);
  const committed = await kafka.committedOffsets(group, topics);
  const known = new Set(committed.map(nameOf));
  const starts = (await Promise.all(topics.map((topic) => kafka.offsets(topic, offsetReset)))).flat();
  const missing = starts.filter((each) => !known.has(nameOf(each)));
  if (missing.length > 0) await kafka.commitOffsets(group, missing);
}

/** One run of those tasks of a query, or of a part of it, that are this engine's, from their positions until it is closed or fails. */
export class QueryRun {
  private readonly positions = new Map<string, Mutable<PartitionPosition>>();
  private readonly tasks = new Map<number, Task>();
  private moved = false;
  private timer: NodeJS.Timeout | undefined;
  private partitionTimer: NodeJS.Timeout | undefined;
  private committing: Promise<void> | undefined;
  private turn: Promise<void> = Promise.resolve();
  private readonly loopTurn = new LoopTurn();
  private failure: unknown;
  private readonly purge: RepartitionPurge | undefined;

  private constructor(
    private readonly options: QueryPart,
    readonly reader: RecordReader,
  ) {
    const { plan, kafka, log } = options;
    if (plan.inputs.some(({ sentBy }) => sentBy !== undefined)) this.purge = new RepartitionPurge(kafka, log);
  }

  /** What is `kept` of tasks from the run before need not be read again. */
  static async open(
    options: QueryPart,
    signal: AbortSignal,
    kept: ReadonlyMap<number, TaskState> = new Map(),
  ): Promise<QueryRun> {
    const { kafka, plan, id, sharing, offsetReset, taskCount: count } = options;
    const topics = topicsOf(plan);
    const starts = (await Promise.all(topics.map((topic) => kafka.offsets(topic, 'earliest')))).flat();
    const all = new Set(starts.map(({ partition }) => taskOf(partition, count)));
    const mine = [...all].filter((task) => sharing?.isMine(id, task) ?? true);
    const producers = await openProducers(options, mine);
    let restored: ReadonlyMap<number, TaskState> = new Map();
    try {
      const missing = mine.filter((task) => !kept.has(task));
      if (plan.stores.length > 0 && missing.length > 0) restored = await restoreState(options, missing, signal);
      const states = new Map(mine.map((task) => [task, kept.get(task) ?? restored.get(task) ?? STATELESS]));
      const committed = mine.length === 0 ? [] : await startOf(options, signal);
      const hasBegun = committed.length > 0 || [...states.values()].some(({ positions }) => positions !== undefined);
      // A partition that is not among those committed when the query was made came later: it is read from its beginning.
      const fresh =
        !hasBegun && offsetReset === 'latest'
          ? (await Promise.all(topics.map((topic) => kafka.offsets(topic, 'latest')))).flat()
          : starts;
      const known = new Map(committed.map((each) => [nameOf(each), each]));
      for (const { positions = [] } of states.values()) for (const each of positions) known.set(nameOf(each), each);
      const from = fresh
        .filter(({ partition }) => states.has(taskOf(partition, count)))
        .map((each) => known.get(nameOf(each)) ?? each);
      const opened = new QueryRun(options, kafka.reader({ from, signal }));
      for (const each of from) opened.positions.set(nameOf(each), { ...each });
      await opened.addTasks(states, producers, from);
      // A kill between the changelog's marker and the commit leaves the group behind: nothing else would ever catch it up.
      const isBehind = [...states.values()].some(({ positions }) => positions !== undefined);
      if (isBehind) opened.commitAll();
      opened.partitionTimer = setInterval(() => void opened.addPartitions(topics), PARTITIONS_EVERY_MS);
      return opened;
    } catch (failure) {
      closeStates(restored);
      await Promise.all([...new Set(producers.values())].map((producer) => producer.close().catch(() => {})));
      throw failure;
    }
  }

  private async addTasks(
    states: ReadonlyMap<number, TaskState>,
    producers: ReadonlyMap<number, RecordProducer | TransactionalProducer>,
    from: readonly PartitionPosition[],
  ): Promise<void> {
    const { kafka, plan, registry, group, log, id, exactlyOnce, failsOn } = this.options;
    const topics = topicsOf(plan);
    const { keyBytes, record } = await openOutput(this.options);
    const ends =
      topics.length === 1 ? [] : (await Promise.all(topics.map((topic) => kafka.offsets(topic, 'latest')))).flat();
    const topic = changelogTopic(group);
    for (const [number, { stores }] of states) {
      const producer = producers.get(number);
      if (producer === undefined) continue;
      const ofTask = ({ partition }: PartitionPosition): boolean =>
        taskOf(partition, this.options.taskCount) === number;
      // In a task of its own, time goes by for all rows at once; else for each partition that they would be in.
      const partitions =
        this.options.taskCount > 1 ? 1 : Math.max(1, from.filter((each) => each.topic === topics[0]).length);
      const run = await PlanRun.create({ id, plan, registry, log, failsOn, stores, partitions, keyBytes });
      for (const store of stores.values()) {
        store.logTo((key, value) => producer.append({ topic, partition: number, key, value }));
      }
      this.tasks.set(number, {
        number,
        run,
        producer,
        transactions: exactlyOnce ? (producer as TransactionalProducer) : undefined,
        merge: topics.length === 1 ? undefined : new TimeMerge(from.filter(ofTask), ends.filter(ofTask)),
        stores,
        // A row that cannot be written fails the query, as ksqlDB's serializers do: its input is never committed.
        emit(row) {
          const made = record(row);
          if (made !== undefined) producer.append(made);
        },
        moved: false,
      });
    }
  }

  get holding(): Holding {
    const tables = [...this.tasks.values()].map(({ run }) => run.built.rows).filter((rows) => rows !== undefined);
    return { rows: joined(tables), tasks: [...this.tasks.keys()], of: this.options.taskCount };
  }

  /** After a commit: what another run can go on with. */
  get states(): ReadonlyMap<number, TaskState> {
    return new Map(
      [...this.tasks.values()].map(({ number, stores }) => [number, { stores, positions: this.positionsOf(number) }]),
    );
  }

  process(batch: RecordBatch): Promise<void> {
    return this.inTurn(() => this.processBatch(batch));
  }

  /**
   * With exactly once, batches and commits take turns: a transaction holds all that its offsets stand for, and no more.
   * After a failure nothing has its turn.
   */
  private inTurn(work: () => Promise<void>): Promise<void> {
    if (!this.options.exactlyOnce) return work();
    this.turn = this.turn.then(work);
    return this.turn;
  }

  private async processBatch(batch: RecordBatch): Promise<void> {
    const task = this.tasks.get(taskOf(batch.partition, this.options.taskCount));
    if (task === undefined) return;
    this.loopTurn.begin();
    if (task.merge === undefined) {
      const position = this.positionOf(batch);
      for (const record of batch.records) {
        const wait = this.take(task, record);
        if (wait !== undefined) {
          position.offset = record.offset; // a commit may come meanwhile
          await wait;
        }
        const pause = task.producer.room() ?? this.loopTurn.over();
        if (pause === undefined) continue;
        position.offset = record.offset + 1n;
        await pause;
      }
      position.offset = batch.nextOffset;
    } else {
      task.merge.push(batch);
      let position = this.positionOf(batch);
      for (let next = task.merge.next(); next !== undefined; next = task.merge.next()) {
        const wait = this.take(task, next.record);
        if (wait !== undefined) await wait;
        if (position.topic !== next.record.topic || position.partition !== next.record.partition)
          position = this.positionOf(next.record);
        position.offset = next.done;
        const pause = task.producer.room() ?? this.loopTurn.over();
        if (pause !== undefined) await pause;
      }
    }
    task.moved = true;
    this.commitLater();
  }

  private commitAll(): void {
    for (const task of this.tasks.values()) task.moved = true;
    this.commitLater();
  }

  private commitLater(): void {
    this.moved = true;
    this.timer ??= setTimeout(() => void this.commitSoon(), COMMIT_AFTER_MS);
  }

  /** Awaits only what is not there at once: this is the hot path. */
  private take({ run, emit }: Task, record: KafkaRecord): Promise<void> | undefined {
    if (this.failure !== undefined) throw this.failure;
    const wait = run.unready(record);
    if (wait !== undefined) return this.takeLater(run, record, wait, emit);
    run.feed(record, emit);
    return undefined;
  }

  private async takeLater(
    run: PlanRun,
    record: KafkaRecord,
    wait: Promise<unknown>,
    emit: (row: Row) => void,
  ): Promise<void> {
    try {
      await wait;
    } catch (failure) {
      run.skipped(record, failure);
      return;
    }
    run.feed(record, emit);
  }

  private positionOf({ topic, partition }: { topic: string; partition: number }): Mutable<PartitionPosition> {
    const key = nameOf({ topic, partition });
    const known = this.positions.get(key);
    if (known !== undefined) return known;
    const added = { topic, partition, offset: 0n };
    this.positions.set(key, added);
    return added;
  }

  private positionsOf(task: number): PartitionPosition[] {
    return [...this.positions.values()]
      .filter(({ partition }) => taskOf(partition, this.options.taskCount) === task)
      .map((each) => ({ ...each }));
  }

  private async addPartitions(topics: readonly string[]): Promise<void> {
    try {
      const starts = (await Promise.all(topics.map((topic) => this.options.kafka.offsets(topic, 'earliest')))).flat();
      const { sharing, id } = this.options;
      const added = starts.filter((each) => {
        const task = taskOf(each.partition, this.options.taskCount);
        return !this.positions.has(nameOf(each)) && (sharing?.isMine(id, task) ?? true);
      });
      if (added.length === 0) return;
      // A task that is new needs another run.
      if (added.some(({ partition }) => !this.tasks.has(taskOf(partition, this.options.taskCount)))) {
        await this.reader.close();
        return;
      }
      for (const each of added) this.positions.set(nameOf(each), { ...each });
      this.reader.assign(added);
    } catch (failure) {
      this.options.log.warn(`query ${this.options.id} can't look for new partitions: ${messageOf(failure)}`);
    }
  }

  private async commitSoon(): Promise<void> {
    this.timer = undefined;
    try {
      await this.commit();
    } catch (failure) {
      this.failure ??= failure;
      await this.reader.close().catch(() => {});
    }
  }

  /** What was processed before the call is committed after all that it made is acknowledged, or together with it. */
  async commit(): Promise<void> {
    await this.committing;
    this.committing = this.inTurn(() => this.commitNow());
    await this.committing;
  }

  private async commitNow(): Promise<void> {
    if (!this.moved) return;
    this.moved = false;
    const { group, kafka, plan, sharing, exactlyOnce } = this.options;
    if (sharing !== undefined) await sharing.confirm();
    const moved = [...this.tasks.values()].filter((task) => task.moved);
    const ends = moved.map((task) => ({ task, positions: this.positionsOf(task.number) }));
    for (const { task, positions } of ends) {
      task.moved = false;
      if (plan.stores.length > 0) task.producer.append(markerRecord(group, task.number, positions));
    }
    if (exactlyOnce) {
      await Promise.all(
        ends.map(async ({ task: { transactions }, positions }) => {
          await transactions?.sendOffsets(group, positions);
          await transactions?.commit();
        }),
      );
    } else if (moved[0] !== undefined) {
      await moved[0].producer.flush(); // it is the one of all
      await kafka.commitOffsets(
        group,
        ends.flatMap(({ positions }) => positions),
      );
    }
    await this.purge?.behind(ends.flatMap(({ positions }) => positions));
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    clearInterval(this.partitionTimer);
    await this.reader.close().catch(() => {});
    await this.committing?.catch(() => {});
    const producers = new Set([...this.tasks.values()].map(({ producer }) => producer));
    await Promise.all([...producers].map((producer) => producer.close().catch(() => {})));
    if (this.failure !== undefined) throw this.failure;
  }
}

const STATELESS: TaskState = { stores: new Map(), positions: undefined };
