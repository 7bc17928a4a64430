import type { FieldTable } from '../../../protocol/amqp/field-table.js';
import type { Clock } from '../../../support/clock.js';
import { AmqpError, named } from '../amqp-error.js';
import { Entry, type Message } from '../storage/entry.js';
import { type LogContext, MessageLog } from '../storage/message-log.js';
import { type Consumer, ConsumerList } from './consumer-list.js';
import type { DeadLetterReason } from './dead-letter.js';
import { type QueueSettings, queueSettings } from './queue-arguments.js';
import { ReadyMessages } from './ready-messages.js';

export interface QueueDefinition {
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: FieldTable;
}

/** What a queue needs of the server around it. */
export interface QueueContext extends LogContext {
  readonly clock: Clock;
  /** Sends a message to the queue's dead-letter exchange. */
  deadLetter(queue: Queue, message: Message, reason: DeadLetterReason): void;
  /** The queue has outlived its use (auto-delete, x-expires). */
  outlived(queue: Queue): void;
}

/** What publishers say of a message, as far as queues care. */
export interface PublishedMessage extends Message {
  readonly persistent: boolean;
  readonly priority: number;
  readonly expirationMs: number | undefined;
}

/** Where a routed message ends. */
export interface Recipient {
  readonly name: string;
  /** False where it was refused. A client's publication counts in the statistics, a dead letter does not. */
  publish(message: PublishedMessage, by: 'client' | 'dead-letter'): boolean;
}

/** Whoever owns an exclusive queue; compared by identity. */
export type Owner = object;

/** Since the server's start. */
export class QueueCounters {
  publish = 0;
  deliver = 0;
  deliverNoAck = 0;
  get = 0;
  getNoAck = 0;
  redeliver = 0;
  ack = 0;
}

/**
 * A queue. Its messages are ready, or out at a client that has not settled them yet; `pump` hands ready ones to consumers
 * for as long as a consumer can take one. Where the queue is bounded, only ready messages count.
 */
export class Queue implements Recipient {
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: FieldTable;
  readonly settings: QueueSettings;
  readonly consumers: ConsumerList;
  readonly counters = new QueueCounters();
  readonly ready: ReadyMessages;
  private readonly out = new Set<Entry>();
  private outBytes = 0;
  private readonly log: MessageLog;
  private nextSeq = 0;
  private deleted = false;
  private pumping = false;
  private hadConsumers = false;
  private expiryTimer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  private cancelDisuse: (() => void) | undefined;

  constructor(
    definition: QueueDefinition,
    /** The connection that alone may use it. */
    readonly owner: Owner | undefined,
    dir: string,
    private readonly context: QueueContext,
  ) {
    this.name = definition.name;
    this.durable = definition.durable;
    this.autoDelete = definition.autoDelete;
    this.arguments = definition.arguments;
    this.settings = queueSettings(definition.arguments, named('queue', definition.name));
    this.ready = new ReadyMessages(
      this.settings.maxPriority,
      this.settings.type === 'quorum' ? 'by-return' : 'by-place',
    );
    this.consumers = new ConsumerList(this.settings.singleActiveConsumer);
    this.log = new MessageLog(dir, context, () => this.all());
    this.used();
  }

  private *all(): Iterable<Entry> {
    yield* this.out;
    yield* this.ready;
  }

  get unacknowledged(): number {
    return this.out.size;
  }

  get unacknowledgedBytes(): number {
    return this.outBytes;
  }

  /** What its messages take on disk. */
  get diskBytes(): number {
    return this.log.diskBytes;
  }

  /** Takes up what is on disk from before. */
  recover(): void {
    const { clock } = this.context;
    for (const entry of this.log.recover()) {
      entry.deadlineMs = clock.monotonic() + entry.expiresAtMs - clock.now();
      this.ready.push(entry);
    }
    this.nextSeq = this.log.nextSeq;
  }

  /** All queues are recovered: what has expired meanwhile may move to another one. */
  start(): void {
    this.dropExpired();
  }

  /** Full, and told to refuse: publishers in confirm mode get a nack. */
  private get refuses(): boolean {
    const { maxLength, maxLengthBytes, overflow } = this.settings;
    if (overflow === 'drop-head') return false;
    return this.ready.count >= maxLength || this.ready.bytes >= maxLengthBytes;
  }

  publish(message: PublishedMessage, by: 'client' | 'dead-letter'): boolean {
    if (by === 'client') this.counters.publish++;
    if (this.refuses) {
      if (this.settings.overflow === 'reject-publish-dlx') this.context.deadLetter(this, message, 'maxlen');
      return false;
    }
    const entry = this.entryOf(message);
    const direct = this.ready.count === 0 ? this.consumers.next() : undefined;
    this.log.add(entry);
    if (direct !== undefined) {
      this.give(entry, direct);
      return true;
    }
    this.ready.push(entry);
    this.pump();
    this.dropOverflow();
    return true;
  }

  private entryOf(message: PublishedMessage): Entry {
    const { messageTtlMs, maxPriority, type } = this.settings;
    const ttlMs = Math.min(messageTtlMs ?? Infinity, message.expirationMs ?? Infinity);
    const { clock } = this.context;
    const options = {
      seq: this.nextSeq++,
      bodyBytes: message.body.length,
      persistent: this.durable && this.owner === undefined && (message.persistent || type === 'quorum'),
      priority: Math.min(message.priority, maxPriority),
      expiresAtMs: clock.now() + ttlMs,
      deadlineMs: clock.monotonic() + ttlMs,
    };
    const { exchange, routingKey, properties, body } = message;
    return new Entry(options, { exchange, routingKey, properties, body });
  }

  private dropOverflow(): void {
    const { maxLength, maxLengthBytes } = this.settings;
    while (this.ready.count > maxLength || this.ready.bytes > maxLengthBytes) {
      const entry = this.ready.shift();
      if (entry === undefined) return;
      this.dead(entry, 'maxlen');
    }
  }

  private dead(entry: Entry, reason: DeadLetterReason): void {
    if (this.settings.deadLetterExchange !== undefined) {
      this.context.deadLetter(this, this.log.content(entry), reason);
    }
    this.log.remove(entry);
  }

  private dropExpired(): void {
    const now = this.context.clock.monotonic();
    for (let entry = this.ready.shiftExpired(now); entry !== undefined; entry = this.ready.shiftExpired(now)) {
      this.dead(entry, 'expired');
    }
    this.armExpiry();
  }

  private armExpiry(): void {
    const atMs = this.deleted ? Infinity : this.ready.nextExpiryMs();
    if (this.expiryTimer !== undefined) {
      if (this.expiryTimer.atMs <= atMs && atMs !== Infinity) return;
      this.expiryTimer.cancel();
      this.expiryTimer = undefined;
    }
    if (atMs === Infinity) return;
    const cancel = this.context.clock.schedule(atMs - this.context.clock.monotonic(), () => {
      this.expiryTimer = undefined;
      this.dropExpired();
    });
    this.expiryTimer = { atMs, cancel };
  }

  /** Hands ready messages to consumers for as long as a consumer can take one. */
  pump(): void {
    if (this.pumping || this.deleted) return;
    this.pumping = true;
    try {
      if (this.ready.count > 0) {
        while (this.ready.count > 0) {
          const consumer = this.consumers.next();
          if (consumer === undefined) break;
          this.dropExpired();
          const entry = this.ready.shift();
          if (entry === undefined) break;
          this.give(entry, consumer);
        }
        this.dropExpired();
      }
    } finally {
      this.pumping = false;
    }
  }

  private give(entry: Entry, consumer: Consumer): void {
    if (consumer.noAck) this.counters.deliverNoAck++;
    else this.counters.deliver++;
    if (entry.redelivered) this.counters.redeliver++;
    const message = this.log.content(entry);
    this.leave(entry, consumer.noAck);
    consumer.deliver(entry, message);
  }

  /** What `basic.get` gets: the next message; it is out until it is settled, or gone at once with `noAck`. */
  take(noAck: boolean): { readonly entry: Entry; readonly message: Message } | undefined {
    this.used();
    this.dropExpired();
    const entry = this.ready.shift();
    if (entry === undefined) return undefined;
    if (noAck) this.counters.getNoAck++;
    else this.counters.get++;
    if (entry.redelivered) this.counters.redeliver++;
    const message = this.log.content(entry);
    this.leave(entry, noAck);
    this.armExpiry();
    return { entry, message };
  }

  private leave(entry: Entry, noAck: boolean): void {
    if (noAck) {
      this.log.remove(entry);
      return;
    }
    this.log.delivered(entry);
    this.out.add(entry);
    this.outBytes += entry.bodyBytes;
  }

  private settle(entry: Entry): boolean {
    if (!this.out.delete(entry)) return false;
    this.outBytes -= entry.bodyBytes;
    return true;
  }

  acknowledge(entry: Entry): void {
    if (!this.settle(entry)) return;
    this.counters.ack++;
    this.log.remove(entry);
  }

  /** Refused for good. */
  reject(entry: Entry): void {
    if (this.settle(entry)) this.dead(entry, 'rejected');
  }

  /**
   * Gives messages back to their places. Quorum queues count it, and give up beyond their limit; one without a limit takes
   * what a client refused (not what its end gave back) behind everything else, as in RabbitMQ.
   */
  requeue(entries: readonly Entry[], by: 'client' | 'end'): void {
    if (this.deleted) return;
    const back: Entry[] = [];
    for (const entry of entries) {
      if (!this.settle(entry)) continue;
      entry.redelivered = true;
      if (this.settings.type === 'quorum') {
        entry.deliveryCount++;
        if (entry.deliveryCount > (this.settings.deliveryLimit ?? Infinity)) {
          this.dead(entry, 'delivery_limit');
          continue;
        }
      }
      if (this.settings.type === 'quorum' && this.settings.deliveryLimit === undefined && by === 'client') {
        this.moveToEnd(entry);
        continue;
      }
      this.log.returned(entry);
      back.push(entry);
    }
    this.ready.putBack(back);
    this.pump();
    this.dropExpired();
    this.dropOverflow();
  }

  private moveToEnd(entry: Entry): void {
    const { properties, body, ...rest } = this.log.content(entry);
    // Copies: what was read from disk is in a larger piece of it.
    const message = { ...rest, properties: Buffer.from(properties), body: Buffer.from(body) };
    const moved = new Entry({ ...entry, seq: this.nextSeq++ }, message);
    moved.redelivered = true;
    moved.deliveryCount = entry.deliveryCount;
    this.log.add(moved);
    this.log.remove(entry);
    this.ready.push(moved);
  }

  /** Throws AmqpError 403 where the queue is, or cannot become, exclusive to another connection. */
  consume(consumer: Consumer): void {
    if (this.consumers.hasExclusive || (consumer.exclusive && this.consumers.size > 0)) {
      throw new AmqpError('ACCESS_REFUSED', `${named('queue', this.name)} in exclusive use`);
    }
    this.hadConsumers = true;
    this.consumers.add(consumer);
    this.used();
  }

  cancel(consumer: Consumer): void {
    if (!this.consumers.remove(consumer) || this.deleted) return;
    if (this.autoDelete && this.hadConsumers && this.consumers.size === 0) {
      this.context.outlived(this);
      return;
    }
    this.used();
    this.pump();
  }

  /** Removes what is ready; gives how many. */
  purge(): number {
    const entries = this.ready.clear();
    for (const entry of entries) this.log.remove(entry);
    this.armExpiry();
    return entries.length;
  }

  /** Somebody uses the queue: x-expires counts anew. */
  used(): void {
    const { expiresMs } = this.settings;
    if (expiresMs === undefined) return;
    this.cancelDisuse?.();
    this.cancelDisuse = undefined;
    if (this.consumers.size > 0 || this.deleted) return;
    this.armDisuse(this.context.clock.monotonic() + expiresMs);
  }

  /** A timer ends at 24 days; what is longer is armed again. */
  private armDisuse(atMs: number): void {
    const { clock } = this.context;
    this.cancelDisuse = clock.schedule(atMs - clock.monotonic(), () => {
      if (clock.monotonic() >= atMs) this.context.outlived(this);
      else this.armDisuse(atMs);
    });
  }

  private stopTimers(): void {
    this.deleted = true;
    this.cancelDisuse?.();
    this.expiryTimer?.cancel();
  }

  /** Removes it with its messages, without dead-lettering; consumers are told. Gives how many were ready. */
  delete(): number {
    this.stopTimers();
    const count = this.ready.count;
    this.purge();
    for (const entry of this.out) this.log.remove(entry);
    this.out.clear();
    this.outBytes = 0;
    for (const consumer of this.consumers.clear()) consumer.cancelled();
    this.log.delete();
    return count;
  }

  /** The server stops; what is on disk stays. */
  close(): void {
    this.stopTimers();
    this.log.close();
  }
}
