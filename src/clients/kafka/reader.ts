import { codecIsLoaded, decompress, loadCodec } from '../../protocol/kafka/compression/codecs.js';
import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import type { KnownTopic } from './cluster.js';
import type { PartitionPosition, ReaderOptions, RecordBatch, RecordReader } from './contract.js';
import { type AbortedTransaction, FetchedRecords } from './fetched-records.js';
import { backoffMs, isRetriable, kafkaError } from './kafka-errors.js';

const FETCH_BYTES = 8 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;
const WAIT_MS = 500;
/** Who continues after a failure does not run in circles. */
const PAUSE_AFTER_FAILURE_MS = 1000;

export interface FetchRequest {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly readCommitted: boolean;
  readonly partitions: ReadonlyArray<{
    readonly topic: string;
    readonly topicId: string;
    readonly partition: number;
    readonly offset: bigint;
    readonly maxBytes: number;
  }>;
}

export interface FetchResult {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: bigint;
  readonly lastStableOffset: bigint;
  readonly aborted: readonly AbortedTransaction[];
  readonly records: Buffer;
}

/** What the reader needs from the cluster. */
export interface ReaderLink {
  readonly timeoutMs: number;
  lookAgain(topics: readonly string[]): Promise<void>;
  known(name: string): KnownTopic | undefined;
  fetch(broker: number, request: FetchRequest): Promise<readonly FetchResult[]>;
  offset(topic: string, partition: number, at: 'earliest' | 'latest'): Promise<bigint>;
  close(): void;
}

/** One partition's way through: wanted from `fetchOffset`; fetched, at most one response; taken up to `position`. */
interface Assignment {
  readonly topic: string;
  readonly partition: number;
  topicId: string | undefined;
  fetchOffset: bigint;
  position: bigint;
  fetched:
    | { readonly records: FetchedRecords; readonly result: FetchResult; skippedTo: bigint | undefined }
    | undefined;
  /** Where the last fetch was cut short by its bound, the next one asks for more. */
  maxBytes: number;
  skippedTo: bigint | undefined;
  stuckSinceMs: number | undefined;
  tries: number;
  retryAtMs: number;
  onItsWay: boolean;
}

/**
 * Every broker that leads assigned partitions is asked by one fetch at a time, for the partitions of which nothing is
 * waiting to be taken: so one response per partition is ahead of the consumer and no more. While something waits, the
 * fetch does not linger at the broker, because partitions that are taken meanwhile have to join the next one.
 */
export class Reader implements RecordReader {
  private readonly assignments = new Map<string, Assignment>();
  private readonly busyBrokers = new Set<number>();
  private readonly maxBytes: number;
  private readonly maxPartitionBytes: number;
  private readonly maxWaitMs: number;
  private waitingBytes = 0;
  private failure: unknown;
  private closed = false;
  private wake: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly link: ReaderLink,
    private readonly options: ReaderOptions,
    private readonly onClose: () => void,
  ) {
    this.maxBytes = options.maxBytes ?? FETCH_BYTES;
    this.maxPartitionBytes = options.maxPartitionBytes ?? PARTITION_BYTES;
    this.maxWaitMs = options.maxWaitMs ?? WAIT_MS;
    options.signal?.addEventListener('abort', this.onAbort, { once: true });
    this.assign(options.from);
  }

  assign(positions: readonly PartitionPosition[]): void {
    for (const { topic, partition, offset } of positions) {
      this.drop(topic, partition);
      this.assignments.set(keyOf(topic, partition), {
        topic,
        partition,
        topicId: undefined,
        fetchOffset: offset,
        position: offset,
        fetched: undefined,
        maxBytes: this.maxPartitionBytes,
        skippedTo: undefined,
        stuckSinceMs: undefined,
        tries: 0,
        retryAtMs: 0,
        onItsWay: false,
      });
    }
    this.wake?.();
  }

  unassign(partitions: ReadonlyArray<{ topic: string; partition: number }>): void {
    for (const { topic, partition } of partitions) this.drop(topic, partition);
  }

  position(topic: string, partition: number): bigint | undefined {
    return this.assignments.get(keyOf(topic, partition))?.position;
  }

  /** Leaving the loop keeps the reader and its position; `close` ends it, and then the loop ends. */
  [Symbol.asyncIterator](): AsyncIterator<RecordBatch> {
    return { next: () => this.next() };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.options.signal?.removeEventListener('abort', this.onAbort);
    clearTimeout(this.timer);
    this.assignments.clear();
    this.link.close();
    this.onClose();
    this.wake?.();
  }

  private readonly onAbort = (): void => this.wake?.();

  private async next(): Promise<IteratorResult<RecordBatch>> {
    for (;;) {
      if (this.closed) return { done: true, value: undefined };
      this.options.signal?.throwIfAborted();
      if (this.failure !== undefined) {
        const failure = this.failure;
        this.failure = undefined;
        throw failure;
      }
      const batch = this.takeOne();
      this.fetchMore();
      if (batch !== undefined) return { done: false, value: batch };
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
  }

  private takeOne(): RecordBatch | undefined {
    for (const [key, assignment] of this.assignments) {
      const { fetched } = assignment;
      if (fetched === undefined) continue;
      const records = fetched.records.take();
      const { nextOffset } = fetched.records;
      assignment.position = nextOffset;
      const { skippedTo } = fetched;
      fetched.skippedTo = undefined;
      if (fetched.records.done) {
        this.discard(assignment);
        this.assignments.delete(key);
        this.assignments.set(key, assignment); // to the end: all partitions have their turn
      }
      return {
        topic: assignment.topic,
        partition: assignment.partition,
        records,
        nextOffset,
        highWatermark: fetched.result.highWatermark,
        lastStableOffset: fetched.result.lastStableOffset,
        ...(skippedTo === undefined ? {} : { skippedTo }),
      };
    }
    return undefined;
  }

  private drop(topic: string, partition: number): void {
    const assignment = this.assignments.get(keyOf(topic, partition));
    if (assignment === undefined) return;
    this.discard(assignment);
    this.assignments.delete(keyOf(topic, partition));
  }

  private discard(assignment: Assignment): void {
    this.waitingBytes -= assignment.fetched?.result.records.length ?? 0;
    assignment.fetched = undefined;
  }

  private fetchMore(): void {
    if (this.closed || this.waitingBytes >= this.maxBytes) return;
    const nowMs = performance.now();
    let soonestMs = Number.POSITIVE_INFINITY;
    const wanted = new Map<number, Assignment[]>();
    const unled = new Set<string>();
    for (const assignment of this.assignments.values()) {
      if (assignment.fetched !== undefined || assignment.onItsWay) continue;
      if (assignment.retryAtMs > nowMs) {
        soonestMs = Math.min(soonestMs, assignment.retryAtMs - nowMs);
        continue;
      }
      const known = this.link.known(assignment.topic);
      const leader = known?.leaders[assignment.partition];
      if (known === undefined || leader === undefined) {
        unled.add(assignment.topic);
        continue;
      }
      assignment.topicId ??= known.topicId;
      if (!this.busyBrokers.has(leader)) {
        const list = wanted.get(leader) ?? [];
        list.push(assignment);
        wanted.set(leader, list);
      }
    }
    if (unled.size > 0) void this.lookFor([...unled]);
    for (const [broker, assignments] of wanted) void this.fetchFrom(broker, assignments);
    if (soonestMs < Number.POSITIVE_INFINITY) this.fetchIn(soonestMs);
  }

  private fetchIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetchMore(), ms);
  }

  /** Topics or leaders that are not known (yet): ask, and give up on them after the request timeout. */
  private async lookFor(topics: readonly string[]): Promise<void> {
    if (this.looking !== undefined) return;
    let failure: unknown;
    this.looking = this.link.lookAgain(topics).catch((thrown) => {
      failure = thrown;
    });
    await this.looking;
    this.looking = undefined;
    for (const assignment of this.assignments.values()) {
      if (!topics.includes(assignment.topic)) continue;
      const known = this.link.known(assignment.topic);
      if (known?.leaders[assignment.partition] !== undefined) continue;
      const what = `${assignment.topic}-${assignment.partition}`;
      this.retryLater(
        assignment,
        failure ??
          (known === undefined
            ? kafkaError(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, undefined, what)
            : kafkaError(ERROR_CODES.LEADER_NOT_AVAILABLE, undefined, what)),
      );
    }
    this.fetchMore();
  }

  private async fetchFrom(broker: number, assignments: readonly Assignment[]): Promise<void> {
    this.busyBrokers.add(broker);
    for (const assignment of assignments) assignment.onItsWay = true;
    try {
      const results = await this.link.fetch(broker, {
        maxWaitMs: this.waitingBytes > 0 ? 0 : this.maxWaitMs,
        maxBytes: this.maxBytes,
        readCommitted: this.options.isolation !== 'read_uncommitted',
        partitions: assignments.map(({ topic, topicId = '', partition, fetchOffset, maxBytes }) => ({
          topic,
          topicId,
          partition,
          offset: fetchOffset,
          maxBytes,
        })),
      });
      for (const result of results) {
        const assignment = assignments.find(
          (each) => each.topic === result.topic && each.partition === result.partition,
        );
        if (assignment !== undefined && this.isCurrent(assignment)) await this.receive(assignment, result);
      }
    } catch (failure) {
      for (const assignment of assignments) if (this.isCurrent(assignment)) this.retryLater(assignment, failure);
      void this.lookFor([...new Set(assignments.map(({ topic }) => topic))]);
    } finally {
      for (const assignment of assignments) assignment.onItsWay = false;
      this.busyBrokers.delete(broker);
    }
    if (this.waitingBytes > 0 || this.failure !== undefined) this.wake?.();
    if (this.waitingBytes === 0) this.fetchMore();
  }

  private isCurrent(assignment: Assignment): boolean {
    return this.assignments.get(keyOf(assignment.topic, assignment.partition)) === assignment;
  }

  private async receive(assignment: Assignment, result: FetchResult): Promise<void> {
    if (result.errorCode === ERROR_CODES.OFFSET_OUT_OF_RANGE) {
      await this.reposition(assignment, result.errorCode);
      return;
    }
    if (result.errorCode !== 0) {
      await this.lookFor([assignment.topic]);
      const known = this.link.known(assignment.topic);
      if (known !== undefined && known.topicId !== assignment.topicId) {
        assignment.topicId = known.topicId; // made again under its name: the old offsets mean nothing here
        await this.reposition(assignment, ERROR_CODES.OFFSET_OUT_OF_RANGE);
      } else {
        this.retryLater(
          assignment,
          kafkaError(result.errorCode, undefined, `${assignment.topic}-${assignment.partition}`),
        );
      }
      return;
    }
    assignment.tries = 0;
    assignment.stuckSinceMs = undefined;
    const { topic, partition, fetchOffset, skippedTo } = assignment;
    const { records: bytes, aborted } = result;
    const records = new FetchedRecords(topic, partition, bytes, fetchOffset, aborted, decompress, this.options.visit);
    for (const codec of records.codecs) if (!codecIsLoaded(codec)) await loadCodec(codec);
    if (!this.isCurrent(assignment)) return;
    if (records.cut) assignment.maxBytes = Math.min(assignment.maxBytes * 2, this.maxBytes * 16);
    if (records.done) return;
    assignment.maxBytes = this.maxPartitionBytes;
    assignment.fetchOffset = records.endOffset;
    assignment.fetched = { records, result, skippedTo };
    assignment.skippedTo = undefined;
    this.waitingBytes += result.records.length;
  }

  private async reposition(assignment: Assignment, errorCode: number): Promise<void> {
    const { topic, partition, fetchOffset } = assignment;
    const to = this.options.onOutOfRange ?? 'earliest';
    if (to === 'error') {
      this.giveUp(assignment, kafkaError(errorCode, undefined, `${topic}-${partition} at offset ${fetchOffset}`));
      return;
    }
    try {
      const offset = await this.link.offset(topic, partition, to);
      assignment.fetchOffset = offset;
      assignment.position = offset;
      assignment.skippedTo = offset;
    } catch (failure) {
      this.retryLater(assignment, failure);
    }
  }

  private retryLater(assignment: Assignment, failure: unknown): void {
    const nowMs = performance.now();
    assignment.stuckSinceMs ??= nowMs;
    if (!isRetriable(failure) || nowMs - assignment.stuckSinceMs > this.link.timeoutMs) {
      this.giveUp(assignment, failure);
      return;
    }
    assignment.retryAtMs = nowMs + backoffMs(assignment.tries++);
  }

  /** The loop throws; who continues with it tries again. */
  private giveUp(assignment: Assignment, failure: unknown): void {
    this.failure = failure;
    assignment.stuckSinceMs = undefined;
    assignment.tries = 0;
    assignment.retryAtMs = performance.now() + PAUSE_AFTER_FAILURE_MS;
    this.wake?.();
  }
}

const keyOf = (topic: string, partition: number): string => `${topic}\n${partition}`;
