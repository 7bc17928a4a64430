/** What evpipe asks of a RabbitMQ broker over AMQP 0-9-1. */

export type BrokerArguments = Readonly<Record<string, string | number | boolean>>;

export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: 'direct' | 'fanout' | 'topic' | 'headers';
  readonly durable: boolean;
  readonly arguments: BrokerArguments;
}

export interface QueueDeclaration {
  readonly name: string;
  readonly durable: boolean;
  readonly arguments: BrokerArguments;
}

export interface BindingDeclaration {
  readonly exchange: string;
  readonly queue: string;
  readonly key: string;
  readonly arguments: BrokerArguments;
}

export interface QueueCounts {
  /** Waiting to be delivered; what a consumer has in hand is not among them. */
  readonly ready: number;
  readonly consumers: number;
}

export interface PeekedMessage {
  readonly body: Buffer;
  readonly messageId: string | undefined;
  /** Why it is in a dead-letter queue: `rejected from emails`; undefined where the broker has not moved it. */
  readonly died: string | undefined;
}

export interface MessageProperties {
  readonly messageId?: string;
  readonly contentType?: string;
  readonly headers?: BrokerArguments;
}

/** What was in it, or why it is still there. */
export type Deleted = { readonly messages: number } | 'in use';

/**
 * Errors: EVPIPE_AMQP_<REPLY> with the broker's own words (EVPIPE_AMQP_NOT_FOUND, EVPIPE_AMQP_PRECONDITION_FAILED,
 * EVPIPE_AMQP_ACCESS_REFUSED …), EVPIPE_AMQP_UNREACHABLE (kind unreachable).
 */
export interface AmqpClient {
  server(): Promise<{ readonly product: string; readonly version: string }>;
  /** Undefined if the queue does not exist. */
  queue(name: string): Promise<QueueCounts | undefined>;
  hasExchange(name: string): Promise<boolean>;
  /** Nothing happens where it is there already as declared; where it is there otherwise, EVPIPE_AMQP_PRECONDITION_FAILED. */
  declareQueue(queue: QueueDeclaration): Promise<void>;
  /** As with queues. */
  declareExchange(exchange: ExchangeDeclaration): Promise<void>;
  bind(binding: BindingDeclaration): Promise<void>;
  /** Fails while it has consumers. A missing queue is not an error. */
  deleteQueue(name: string): Promise<Deleted>;
  /** Fails while something is bound to it. A missing exchange is not an error. */
  deleteExchange(name: string): Promise<Deleted>;
  /** Resolves once the broker has confirmed it. With `exchange` '' the key is a queue's name. Throws EVPIPE_AMQP_NO_ROUTE where no queue takes it. */
  publish(exchange: string, key: string, body: Buffer, properties?: MessageProperties): Promise<void>;
  /** The first messages of a queue, which stay in it at their places (marked as redelivered). */
  peek(queue: string, most: number): Promise<readonly PeekedMessage[]>;
  close(): Promise<void>;
}
