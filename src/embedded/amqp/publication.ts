import { type BasicProperties, decodeProperties, encodeProperties } from '../../protocol/amqp/basic-properties.js';
import type { FieldTable } from '../../protocol/amqp/field-table.js';
import { AmqpError } from './amqp-error.js';
import { listOf } from './queues/dead-letter.js';
import type { PublishedMessage } from './queues/queue.js';
import { DURATION_MS_MAX } from './queues/queue-arguments.js';

/** A message on its way to queues, its properties decoded once for all of them. */
export class Publication implements PublishedMessage {
  readonly properties: Buffer;
  readonly decoded: BasicProperties;
  readonly persistent: boolean;
  readonly priority: number;
  readonly expirationMs: number | undefined;
  /** The routing key and those of the headers CC and BCC. */
  readonly routingKeys: readonly string[];

  /** Throws AmqpError 406 where a property makes no sense, MalformedFrame where the properties can't be read. */
  constructor(
    readonly exchange: string,
    readonly routingKey: string,
    properties: Buffer,
    readonly body: Buffer,
  ) {
    this.decoded = decodeProperties(properties);
    const { headers } = this.decoded;
    this.persistent = this.decoded.deliveryMode === 2;
    this.priority = this.decoded.priority ?? 0;
    this.expirationMs = expirationOf(this.decoded.expiration);
    this.routingKeys =
      headers === undefined ? [routingKey] : [routingKey, ...listOf(headers.get('CC')), ...listOf(headers.get('BCC'))];
    this.properties = headers?.has('BCC') ? withoutBcc(this.decoded, headers) : properties;
  }

  get headers(): FieldTable | undefined {
    return this.decoded.headers;
  }
}

function withoutBcc(properties: BasicProperties, headers: FieldTable): Buffer {
  const visible = new Map(headers);
  visible.delete('BCC');
  return encodeProperties({ ...properties, headers: visible });
}

function expirationOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const wrong = (why: string): AmqpError =>
    new AmqpError('PRECONDITION_FAILED', `invalid expiration '${text}': ${why}`);
  const [, digits, rest] = /^([+-]?\d+)(.*)$/s.exec(text) ?? [];
  if (digits === undefined) throw wrong('no_integer');
  if (rest !== '') throw wrong(`{leftover_string,"${rest}"}`);
  const value = Number(digits);
  if (value < 0) throw wrong(`{value_negative,${value}}`);
  if (value > DURATION_MS_MAX) throw wrong(`{value_too_large,${value}}`);
  return value;
}
