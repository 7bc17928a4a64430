import { decodeProperties, encodeProperties } from '../../../protocol/amqp/basic-properties.js';
import { FRAME_METHOD, type Frame } from '../../../protocol/amqp/frame.js';
import type { Args, Fields, Method } from '../../../protocol/amqp/method.js';
import {
  basicPublish,
  basicReturn,
  channelClose,
  channelCloseOk,
  decodeMethod,
} from '../../../protocol/amqp/methods.js';
import { AmqpError, named } from '../amqp-error.js';
import type { Broker } from '../broker.js';
import { Publication } from '../publication.js';
import type { Queue, Recipient } from '../queues/queue.js';
import type { Entry, Message } from '../storage/entry.js';
import type { ChannelConsumer } from './channel-consumer.js';
import { Confirms } from './confirms.js';
import { ContentInput, type PublishArgs } from './content-input.js';
import { byQueue, Deliveries } from './deliveries.js';
import type { Output } from './output.js';
import { REPLY_QUEUE, type ReplyConsumer } from './reply-consumer.js';
import { type HeldSettlement, Transaction } from './transaction.js';

/** What a channel asks of the connection that it is on. */
export interface ChannelConnection {
  readonly broker: Broker;
  readonly output: Output;
  readonly peer: string;
  readonly frameBytesMax: number;
  can(capability: string): boolean;
  published(): void;
  forget(channel: Channel): void;
  fail(error: AmqpError, method?: Method): void;
}

/** What is done for each method. */
export type ChannelHandlers = ReadonlyMap<Method, { handle?(channel: Channel, args: Args): void }>;

/**
 * One channel of a connection. It is open until one side closes it; after a close of ours (a channel error) everything
 * but the client's close or close-ok is ignored. It may be in confirm mode or in transaction mode, never both.
 */
export class Channel {
  readonly deliveries = new Deliveries();
  readonly consumers = new Map<string, ChannelConsumer>();
  /** Deliveries to consumers that are not settled. */
  consumersOut = 0;
  /** For consumers to come; 0: no limit. */
  consumerPrefetch = 0;
  /** For all consumers together; 0: no limit. */
  channelPrefetch = 0;
  /** What an empty queue name stands for. */
  lastQueue: string | undefined;
  confirms: Confirms | undefined;
  transaction: Transaction | undefined;
  replyConsumer: ReplyConsumer | undefined;
  private state: 'open' | 'closing' | 'closed' = 'open';
  private content: ContentInput | undefined;

  constructor(
    readonly connection: ChannelConnection,
    readonly number: number,
    private readonly handlers: ChannelHandlers,
  ) {}

  get broker(): Broker {
    return this.connection.broker;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get canDeliver(): boolean {
    return this.isOpen && !this.connection.output.isBehind;
  }

  get hasCredit(): boolean {
    return this.channelPrefetch === 0 || this.consumersOut < this.channelPrefetch;
  }

  /** Throws MalformedFrame; AmqpErrors are answered here. */
  receive(frame: Frame): void {
    let method: Method | undefined = this.content === undefined ? undefined : basicPublish;
    try {
      if (this.content === undefined) {
        if (frame.type !== FRAME_METHOD) {
          if (this.state === 'open')
            throw new AmqpError('UNEXPECTED_FRAME', 'expected method frame, got non method frame instead');
          return;
        }
        const call = decodeMethod(frame.payload);
        method = call.method;
        this.call(call.method, call.args);
        return;
      }
      if (!this.content.receive(frame)) return;
      const { args, properties, body } = this.content;
      this.dropContent();
      this.publish(args, properties, body);
    } catch (failure) {
      this.dropContent();
      if (!(failure instanceof AmqpError)) throw failure;
      this.fail(failure, method);
    }
  }

  private dropContent(): void {
    this.content?.release();
    this.content = undefined;
  }

  private call(method: Method, args: Args): void {
    if (method === channelClose) {
      this.close();
      this.send(channelCloseOk, {});
      this.connection.forget(this);
      return;
    }
    if (this.state === 'closing') {
      if (method === channelCloseOk) this.connection.forget(this);
      return;
    }
    if (method === basicPublish) {
      this.content = new ContentInput(args as PublishArgs, this.broker.incomplete);
      return;
    }
    const handler = this.handlers.get(method);
    if (handler?.handle === undefined) throw new AmqpError('COMMAND_INVALID', 'unimplemented method');
    handler.handle(this, args);
  }

  private fail(error: AmqpError, method: Method | undefined): void {
    if (error.endsConnection) {
      this.connection.fail(error, method);
      return;
    }
    this.broker.log.info('a channel failed', { client: this.connection.peer, why: error.message });
    this.close();
    this.state = 'closing';
    this.send(channelClose, {
      replyCode: error.code,
      replyText: shortened(error.message),
      classId: method?.classId ?? 0,
      methodId: method?.methodId ?? 0,
    });
  }

  /** Consumers end, and what is out goes back to its queues. */
  close(): void {
    if (this.state !== 'open') return;
    this.state = 'closed';
    this.dropContent();
    const { consumers } = this;
    for (const consumer of [...consumers.values()]) this.cancel(consumer);
    this.setReplyConsumer(undefined);
    // An uncommitted transaction's settlements never were.
    const held = this.transaction?.take().settlements.flatMap(({ taken }) => taken) ?? [];
    this.deliveries.restore(held);
    for (const [queue, entries] of byQueue(this.deliveries.takeAll())) queue.requeue(entries, 'end');
  }

  send<F extends Fields>(method: Method<F>, args: Args<F>): void {
    this.connection.output.method(this.number, method, args);
  }

  sendContent<F extends Fields>(method: Method<F>, args: Args<F>, content: Pick<Message, 'properties' | 'body'>): void {
    this.connection.output.content(this.number, method, args, content, this.connection.frameBytesMax);
  }

  /** The content of a message with what its quorum queue says of its deliveries before. */
  withDeliveryCount(entry: Entry, message: Message): Pick<Message, 'properties' | 'body'> {
    const properties = decodeProperties(message.properties);
    const headers = new Map(properties.headers ?? []);
    headers.set('x-delivery-count', { type: 'long', value: BigInt(entry.deliveryCount) });
    return { properties: encodeProperties({ ...properties, headers }), body: message.body };
  }

  /** The queue of that name, or the one last declared on this channel. Throws AmqpError 404, 405. */
  queue(name: string): Queue {
    if (name !== '') return this.broker.queue(name, this.connection);
    if (this.lastQueue === undefined) throw new AmqpError('NOT_FOUND', 'no previously declared queue');
    return this.broker.queue(this.lastQueue, this.connection);
  }

  private publish(args: PublishArgs, properties: Buffer, body: Buffer): void {
    if (this.state !== 'open') return;
    if (args.immediate) throw new AmqpError('NOT_IMPLEMENTED', 'immediate=true');
    const exchange = this.broker.exchange(args.exchange);
    if (exchange.internal) {
      throw new AmqpError('ACCESS_REFUSED', `cannot publish to internal ${named('exchange', exchange.name)}`);
    }
    const publication = this.withReplyTo(new Publication(exchange.name, args.routingKey, properties, body));
    const { userId } = publication.decoded;
    if (userId !== undefined && userId !== this.broker.user) {
      throw new AmqpError(
        'PRECONDITION_FAILED',
        `user_id property set to '${userId}' but authenticated user was '${this.broker.user}'`,
      );
    }
    this.connection.published();
    const held = { publication, queues: this.broker.route(exchange, publication), mandatory: args.mandatory };
    if (this.transaction !== undefined) this.transaction.publish(held);
    else this.enqueue(held.publication, held.queues, held.mandatory);
  }

  /** Who asks for direct replies gets the name of its consumer into the message. */
  private withReplyTo(publication: Publication): Publication {
    const { exchange, routingKey, decoded, body } = publication;
    if (decoded.replyTo !== REPLY_QUEUE) return publication;
    if (this.replyConsumer === undefined) {
      throw new AmqpError('PRECONDITION_FAILED', 'fast reply consumer does not exist');
    }
    const properties = encodeProperties({ ...decoded, replyTo: this.replyConsumer.name });
    return new Publication(exchange, routingKey, properties, body);
  }

  private enqueue(publication: Publication, queues: ReadonlySet<Recipient>, mandatory: boolean): void {
    if (queues.size === 0 && mandatory) {
      const { exchange, routingKey } = publication;
      this.sendContent(basicReturn, { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey }, publication);
    }
    let accepted = true;
    for (const queue of queues) if (!queue.publish(publication, 'client')) accepted = false;
    this.confirms?.published(accepted);
  }

  /** Settles what a tag stands for, now or at the transaction's commit. Throws AmqpError 406. */
  settle(tag: number, multiple: boolean, how: HeldSettlement['how']): void {
    const taken = this.deliveries.take(tag, multiple);
    if (this.transaction !== undefined) this.transaction.settle({ taken, how });
    else this.apply({ taken, how });
  }

  private apply({ taken, how }: HeldSettlement): void {
    for (const { consumer } of taken) {
      if (consumer === undefined) continue;
      consumer.out--;
      this.consumersOut--;
    }
    if (how === 'requeue') for (const [queue, entries] of byQueue(taken)) queue.requeue(entries, 'client');
    else if (how === 'ack') for (const { queue, entry } of taken) queue.acknowledge(entry);
    else for (const { queue, entry } of taken) queue.reject(entry);
    this.wake();
  }

  /** Gives back everything that is out (basic.recover). */
  recover(): void {
    this.apply({ taken: this.deliveries.takeAll(), how: 'requeue' });
  }

  commit(): void {
    const held = this.transaction?.take();
    for (const { publication, queues, mandatory } of held?.publications ?? []) {
      this.enqueue(publication, queues, mandatory);
    }
    for (const settlement of held?.settlements ?? []) this.apply(settlement);
  }

  rollback(): void {
    for (const { taken } of this.transaction?.take().settlements ?? []) this.deliveries.restore(taken);
  }

  /** Its consumers can take more. */
  wake(): void {
    for (const consumer of this.consumers.values()) consumer.queue.pump();
  }

  setReplyConsumer(consumer: ReplyConsumer | undefined): void {
    if (this.replyConsumer !== undefined) this.broker.replies.delete(this.replyConsumer.name);
    this.replyConsumer = consumer;
    if (consumer !== undefined) this.broker.replies.set(consumer.name, consumer);
  }

  cancel(consumer: ChannelConsumer): void {
    this.consumers.delete(consumer.tag);
    consumer.queue.cancel(consumer);
  }

  /** Throws AmqpError 406 where the channel is in transaction mode. */
  selectConfirms(): void {
    if (this.transaction !== undefined)
      throw new AmqpError('PRECONDITION_FAILED', 'cannot switch from tx to confirm mode');
    this.confirms ??= new Confirms(this);
  }

  /** Throws AmqpError 406 where the channel is in confirm mode. */
  selectTransactions(): void {
    if (this.confirms !== undefined)
      throw new AmqpError('PRECONDITION_FAILED', 'cannot switch from confirm to tx mode');
    this.transaction ??= new Transaction();
  }
}

const TEXT_BYTES_MAX = 255;

/** A reply text has to fit a short string. */
export function shortened(text: string): string {
  if (Buffer.byteLength(text) <= TEXT_BYTES_MAX) return text;
  return `${Buffer.from(text)
    .subarray(0, TEXT_BYTES_MAX - 3)
    .toString()}...`;
}
