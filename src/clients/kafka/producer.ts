import { type ProducerIdentity, recordBytesAtMost } from '../../protocol/kafka/batch-builder.js';
import { type Codec, codecNumber, loadCodec } from '../../protocol/kafka/compression/codecs.js';
import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import { EvpipeError } from '../../support/errors.js';
import type { OutgoingRecord, PartitionPosition, ProducerOptions, RecordProducer } from './contract.js';
import { asEvpipeError, backoffMs, isRetriable, kafkaError } from './kafka-errors.js';
import type { PartitionQueue, ProducerBatch } from './producer-batches.js';
import type { ProduceResult, ProducerLink } from './producer-link.js';
import { ProducerTopic } from './producer-topic.js';

/** Below the default max.message.bytes of a topic (1,048,588). */
const BATCH_BYTES = 1_000_000;
const BUFFER_BYTES = 32 * 1024 * 1024;
/** One request holds at most one batch a partition, and not many full ones: it is encoded and sent at once. */
const REQUEST_BYTES = 4 * 1024 * 1024;
/** How old what is known of a topic may be while records go to it: partitions may have been added. */
const TOPIC_AGE_MAX_MS = 60_000;

/**
 * Idempotent, in order: one request is on its way to a broker at a time, with at most one batch of each partition, and
 * what collects meanwhile makes the next batches. A try that failed is sent again under the same sequence number, so
 * that a broker which has stored it already answers without storing it twice. What can't be delivered within the
 * request timeout ends the producer: every later `flush` says so.
 */
export class Producer implements RecordProducer {
  private readonly topics = new Map<string, ProducerTopic>();
  private readonly active = new Set<PartitionQueue>();
  private readonly busyBrokers = new Set<number>();
  private readonly idempotent: boolean;
  private readonly lingerMs: number;
  private readonly batchBytesMax: number;
  private readonly bufferBytesMax: number;
  private bufferedBytes = 0;
  private readonly codecNumber: number;
  private codec: Codec | undefined;
  private identity: ProducerIdentity | undefined;
  private preparing = false;
  protected lost: EvpipeError | undefined;
  private closed = false;
  private flushes = 0;
  private scheduled = false;
  private timer: NodeJS.Timeout | undefined;
  private roomWaiters: Array<{ resolve: () => void; reject: (failure: unknown) => void }> = [];

  constructor(
    private readonly link: ProducerLink,
    options: ProducerOptions,
    private readonly onClose: () => void,
  ) {
    this.codecNumber = codecNumber(options.compression ?? 'none');
    this.idempotent = options.idempotent ?? true;
    this.lingerMs = options.lingerMs ?? 0;
    this.batchBytesMax = options.maxBatchBytes ?? BATCH_BYTES;
    this.bufferBytesMax = options.bufferBytes ?? BUFFER_BYTES;
  }

  append(record: OutgoingRecord): void {
    this.put(record);
  }

  room(): Promise<void> | undefined {
    if (this.lost !== undefined) return Promise.reject(this.lost);
    if (this.bufferedBytes < this.bufferBytesMax) return undefined;
    return new Promise((resolve, reject) => this.roomWaiters.push({ resolve, reject }));
  }

  async flush(): Promise<void> {
    this.flushes++;
    try {
      this.schedule();
      await this.allLearnt([...this.topics.values()]);
      const batches = [...this.active].flatMap((queue) => queue.batches);
      for (const batch of batches) await batch.whenSettled();
    } finally {
      this.flushes--;
    }
    if (this.lost !== undefined) throw this.lost;
  }

  async send(records: readonly OutgoingRecord[]): Promise<readonly PartitionPosition[]> {
    await this.allPlaced(records);
    const places: Array<{ queue: PartitionQueue; batch: ProducerBatch; index: number }> = [];
    for (const record of records) {
      const place = this.put(record);
      if (place === undefined) throw this.lost ?? closedError();
      places.push({ ...place, index: place.batch.builder.count - 1 });
    }
    this.flushes++;
    try {
      for (const batch of new Set(places.map((place) => place.batch))) await batch.whenSettled();
    } finally {
      this.flushes--;
    }
    return places.map(({ queue: { topic, partition }, batch, index }) => {
      if (batch.failure !== undefined) throw batch.failure;
      return { topic, partition, offset: batch.offsetOf(index) };
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    try {
      if (this.lost === undefined) await this.flush();
    } finally {
      this.closed = true;
      clearTimeout(this.timer);
      this.link.close();
      this.onClose();
      this.fail(closedError());
    }
  }

  private async allLearnt(topics: readonly ProducerTopic[]): Promise<void> {
    for (const topic of topics)
      while (topic.partitionsRead !== undefined && this.lost === undefined) await topic.partitionsRead;
  }

  /** Resolves when every record has a partition that is known, so that none of them has to wait. */
  private async allPlaced(records: readonly OutgoingRecord[]): Promise<void> {
    for (let waiting = true; waiting && this.lost === undefined; ) {
      waiting = false;
      for (const { topic: name, partition } of records) {
        const topic = this.topic(name);
        if (topic.partitionsRead === undefined && partition !== undefined && topic.queue(partition) === undefined) {
          topic.partitionsRead = this.grow(topic, partition);
        }
        if (topic.partitionsRead === undefined) continue;
        waiting = true;
        await this.allLearnt([topic]);
      }
    }
  }

  /** Undefined where the record waits for its topic to be known, or the producer is over. */
  private put(record: OutgoingRecord): { queue: PartitionQueue; batch: ProducerBatch } | undefined {
    if (this.lost !== undefined || this.closed) {
      this.lost ??= closedError();
      return undefined;
    }
    const topic = this.topic(record.topic);
    if (topic.partitionsRead !== undefined) {
      this.wait(topic, record);
      return undefined;
    }
    return this.enqueue(topic, record);
  }

  private wait(topic: ProducerTopic, record: OutgoingRecord): void {
    topic.waiting.push(record);
    this.bufferedBytes += recordBytesAtMost(record.key, record.value, record.headers ?? []);
  }

  private enqueue(
    topic: ProducerTopic,
    record: OutgoingRecord,
  ): { queue: PartitionQueue; batch: ProducerBatch } | undefined {
    const partition = topic.partitionOf(record);
    const queue = topic.queue(partition);
    if (queue === undefined) {
      topic.partitionsRead = this.grow(topic, partition);
      this.wait(topic, record);
      return undefined;
    }
    const bytes = recordBytesAtMost(record.key, record.value, record.headers ?? []);
    const before = queue.batches.length;
    const batch = queue.append(record, bytes);
    this.bufferedBytes += bytes;
    if (queue.batches.length !== before) {
      this.active.add(queue);
      if (before > 0) topic.moveOn(partition);
    }
    this.schedule();
    return { queue, batch };
  }

  private topic(name: string): ProducerTopic {
    let topic = this.topics.get(name);
    if (topic === undefined) {
      topic = new ProducerTopic(name, this.batchBytesMax);
      this.topics.set(name, topic);
      topic.partitionsRead = this.readPartitions(topic);
    }
    return topic;
  }

  private async readPartitions(topic: ProducerTopic): Promise<void> {
    try {
      topic.adopt(await this.link.topic(topic.name));
      this.goOn(topic);
    } catch (failure) {
      this.fail(failure);
    }
  }

  /** A partition that the topic did not have when it was last looked at: it may have been added since. */
  private async grow(topic: ProducerTopic, partition: number): Promise<void> {
    try {
      await this.link.lookAgain([topic.name]);
      const known = this.link.known(topic.name);
      if (known !== undefined) topic.adopt(known);
      if (topic.queue(partition) === undefined) {
        const text = `there is no partition ${partition}, only ${topic.partitions} of them`;
        throw kafkaError(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, text, `topic ${topic.name}`);
      }
      this.goOn(topic);
    } catch (failure) {
      this.fail(failure);
    }
  }

  /** Queues what had to wait for the topic, in order; it may have to wait again. */
  private goOn(topic: ProducerTopic): void {
    topic.partitionsRead = undefined;
    for (const record of topic.waiting.splice(0)) {
      this.bufferedBytes -= recordBytesAtMost(record.key, record.value, record.headers ?? []);
      if (topic.partitionsRead === undefined) this.enqueue(topic, record);
      else this.wait(topic, record);
    }
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.drain();
    });
  }

  private scheduleIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.schedule(), ms);
  }

  /** Sends what is due to every broker that has nothing on its way. */
  private drain(): void {
    if (this.lost !== undefined || this.active.size === 0) return;
    if ((this.idempotent && this.identity === undefined) || (this.codecNumber !== 0 && this.codec === undefined)) {
      void this.prepare();
      return;
    }
    const nowMs = performance.now();
    let soonestMs = Number.POSITIVE_INFINITY;
    const requests = new Map<number, { queues: PartitionQueue[]; bytes: number }>();
    const unled = new Set<string>();
    for (const queue of this.active) {
      if (queue.onItsWay) continue;
      const waitMs = Math.max(queue.retryAtMs - nowMs, this.flushes > 0 ? 0 : queue.dueInMs(nowMs, this.lingerMs));
      if (waitMs > 0) {
        soonestMs = Math.min(soonestMs, waitMs);
        continue;
      }
      const known = this.link.known(queue.topic);
      const leader = known?.leaders[queue.partition];
      if (leader === undefined || known === undefined || nowMs - known.seenMs > TOPIC_AGE_MAX_MS)
        unled.add(queue.topic);
      if (leader === undefined) {
        this.retryLater(
          queue,
          kafkaError(ERROR_CODES.LEADER_NOT_AVAILABLE, `${queue.topic}-${queue.partition} has no leader`),
        );
        soonestMs = Math.min(soonestMs, queue.retryAtMs - nowMs);
      } else if (!this.busyBrokers.has(leader)) {
        const request = requests.get(leader) ?? { queues: [], bytes: 0 };
        if (request.bytes < REQUEST_BYTES) request.queues.push(queue);
        request.bytes += queue.batches[0]?.builder.bytes ?? 0;
        requests.set(leader, request);
      }
    }
    if (unled.size > 0) void this.lookAgain([...unled]);
    for (const [broker, { queues }] of requests) void this.sendTo(broker, queues);
    if (soonestMs < Number.POSITIVE_INFINITY) this.scheduleIn(soonestMs);
  }

  /** What has to be there before the first batch can leave. */
  private async prepare(): Promise<void> {
    if (this.preparing) return;
    this.preparing = true;
    try {
      if (this.codecNumber !== 0) this.codec ??= await loadCodec(this.codecNumber);
      if (this.idempotent) this.identity ??= await this.link.newIdentity();
      this.schedule();
    } catch (failure) {
      this.fail(failure);
    } finally {
      this.preparing = false;
    }
  }

  private async lookAgain(topics: readonly string[]): Promise<void> {
    try {
      await this.link.lookAgain(topics);
    } catch {
      return; // the batches themselves are retried until their deadline
    }
    for (const name of topics) {
      const [topic, known] = [this.topics.get(name), this.link.known(name)];
      if (topic?.isKnown === true && known !== undefined) topic.adopt(known);
    }
    this.schedule();
  }

  private async sendTo(broker: number, queues: readonly PartitionQueue[]): Promise<void> {
    this.busyBrokers.add(broker);
    const parts = queues.map((queue) => {
      queue.onItsWay = true;
      this.active.delete(queue);
      this.active.add(queue); // to the end: all partitions have their turn
      this.topics.get(queue.topic)?.moveOn(queue.partition);
      const bytes = queue.prepare(this.codec, this.identity);
      return { topic: queue.topic, partition: queue.partition, bytes };
    });
    try {
      const results = await this.link.produce(broker, parts);
      for (const queue of queues) {
        const result = results.find(({ topic, partition }) => topic === queue.topic && partition === queue.partition);
        if (result === undefined)
          this.retryLater(
            queue,
            kafkaError(ERROR_CODES.UNKNOWN_SERVER_ERROR, 'the broker did not answer for a partition'),
          );
        else this.settle(queue, result);
      }
    } catch (failure) {
      for (const queue of queues) {
        const head = queue.batches[0];
        if (head !== undefined) head.inDoubt = true;
        if (isRetriable(failure)) this.retryLater(queue, failure);
        else this.fail(failure);
      }
      void this.lookAgain([...new Set(queues.map(({ topic }) => topic))]);
    } finally {
      for (const queue of queues) queue.onItsWay = false;
      this.busyBrokers.delete(broker);
      this.schedule();
    }
  }

  private settle(queue: PartitionQueue, result: ProduceResult): void {
    const head = queue.batches[0];
    if (head === undefined || this.lost !== undefined) return;
    const { errorCode } = result;
    if (errorCode === 0 || errorCode === ERROR_CODES.DUPLICATE_SEQUENCE_NUMBER) {
      this.acknowledge(queue, head, errorCode === 0 ? result.baseOffset : -1n);
      return;
    }
    const failure = kafkaError(errorCode, result.errorMessage ?? undefined, `${queue.topic}-${queue.partition}`);
    if (
      (errorCode === ERROR_CODES.MESSAGE_TOO_LARGE || errorCode === ERROR_CODES.RECORD_LIST_TOO_LARGE) &&
      head.builder.count > 1
    ) {
      queue.splitHead();
    } else if (errorCode === ERROR_CODES.UNKNOWN_PRODUCER_ID && !head.inDoubt) {
      // The broker keeps no trace of this producer any more (transactional.id.expiration, deleted records); it has refused the batch, so a new identity cannot double it.
      queue.forgetSequence();
      this.identity = undefined;
    } else if (
      errorCode === ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER ||
      errorCode === ERROR_CODES.UNKNOWN_PRODUCER_ID
    ) {
      void this.afterSequenceError(queue, head, failure);
    } else if (isRetriable(failure)) {
      this.retryLater(queue, failure);
      void this.lookAgain([queue.topic]);
    } else this.fail(failure);
  }

  /** Harmless only where the topic was made again since the batch got its number. */
  private async afterSequenceError(queue: PartitionQueue, head: ProducerBatch, failure: EvpipeError): Promise<void> {
    this.retryLater(queue, failure);
    if (head.memory === queue.memory) await this.lookAgain([queue.topic]);
    if (head.memory === queue.memory) this.fail(failure);
  }

  private acknowledge(queue: PartitionQueue, head: ProducerBatch, baseOffset: bigint): void {
    queue.batches.shift();
    queue.stuckSinceMs = undefined;
    queue.tries = 0;
    if (queue.batches.length === 0) this.active.delete(queue);
    head.settle(baseOffset);
    this.release(head.bufferedBytes);
  }

  private release(bytes: number): void {
    this.bufferedBytes -= bytes;
    if (this.bufferedBytes < this.bufferBytesMax) for (const { resolve } of this.roomWaiters.splice(0)) resolve();
  }

  private retryLater(queue: PartitionQueue, failure: unknown): void {
    const nowMs = performance.now();
    queue.stuckSinceMs ??= nowMs;
    if (nowMs - queue.stuckSinceMs > this.link.timeoutMs) {
      this.fail(failure);
      return;
    }
    queue.retryAtMs = nowMs + backoffMs(queue.tries++);
  }

  /** Asks for the identity again before the next batch: it may be another one. */
  protected renewIdentity(): void {
    this.identity = undefined;
  }

  protected fail(failure: unknown): void {
    if (this.lost !== undefined) return;
    const lost = asEvpipeError(failure);
    this.lost = lost;
    for (const queue of this.active) for (const batch of queue.batches.splice(0)) batch.settle(-1n, lost);
    for (const topic of this.topics.values()) topic.waiting.length = 0;
    this.active.clear();
    clearTimeout(this.timer);
    for (const { reject } of this.roomWaiters.splice(0)) reject(lost);
  }
}

const closedError = (): EvpipeError => new EvpipeError('EVPIPE_KAFKA_PRODUCER_CLOSED', 'this producer was closed');
