import { type FieldTable, type FieldValue, integerOf, textOf } from '../../../protocol/amqp/field-table.js';
import { AmqpError } from '../amqp-error.js';

export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';

/** A queue's `x-` arguments, checked. */
export interface QueueSettings {
  readonly type: 'classic' | 'quorum';
  readonly messageTtlMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly maxLength: number;
  readonly maxLengthBytes: number;
  readonly overflow: Overflow;
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterRoutingKey: string | undefined;
  /** 0: the queue has no priorities. */
  readonly maxPriority: number;
  readonly singleActiveConsumer: boolean;
  readonly deliveryLimit: number | undefined;
}

/** Durations end at 2^32 - 1 ms, as in RabbitMQ. */
const DURATION_MS_MAX = 2 ** 32 - 1;

const INTEGERS = new Set(['byte', 'unsignedbyte', 'short', 'unsignedshort', 'signedint', 'unsignedint', 'long']);

type Check = (field: FieldValue) => string | undefined;

const typeError = (field: FieldValue): string => `{unacceptable_type,${field.type}}`;

const integer =
  (least: number, most: number): Check =>
  (field) => {
    if (!INTEGERS.has(field.type)) return typeError(field);
    const value = integerOf(field) as number;
    if (value < 0) return `{value_negative,${value}}`;
    if (value < least) return '{value_zero,0}';
    return value > most ? `{value_too_big,${value}}` : undefined;
  };

const text: Check = (field) => (field.type === 'longstr' ? undefined : typeError(field));

const oneOf =
  (...allowed: readonly string[]): Check =>
  (field) =>
    text(field) ?? (allowed.includes(textOf(field) ?? '') ? undefined : `invalid value ${textOf(field)}`);

/** The arguments that are compared where a queue is declared again, each with what may be given. */
const CHECKS: Readonly<Record<string, Check>> = {
  'x-expires': integer(1, DURATION_MS_MAX),
  'x-message-ttl': integer(0, DURATION_MS_MAX),
  'x-max-length': integer(0, Infinity),
  'x-max-length-bytes': integer(0, Infinity),
  'x-dead-letter-exchange': text,
  'x-dead-letter-routing-key': text,
  'x-overflow': oneOf('drop-head', 'reject-publish', 'reject-publish-dlx'),
  'x-max-priority': integer(0, 255),
  'x-single-active-consumer': (field) => (field.type === 'bool' ? undefined : typeError(field)),
  'x-queue-type': oneOf('classic', 'quorum'),
  'x-queue-mode': oneOf('default', 'lazy'),
  'x-delivery-limit': integer(0, Infinity),
};

export const COMPARED_ARGUMENTS: readonly string[] = Object.keys(CHECKS);

/** Not allowed for quorum queues. */
const CLASSIC_ONLY: readonly string[] = ['x-max-priority', 'x-queue-mode'];

/** Throws AmqpError 406 where an argument makes no sense. `what` names the queue. */
export function queueSettings(args: FieldTable, what: string): QueueSettings {
  for (const [name, check] of Object.entries(CHECKS)) {
    const field = args.get(name);
    const wrong = field && check(field);
    if (wrong !== undefined) throw new AmqpError('PRECONDITION_FAILED', `invalid arg '${name}' for ${what}: ${wrong}`);
  }
  if (args.has('x-dead-letter-routing-key') && !args.has('x-dead-letter-exchange')) {
    throw new AmqpError(
      'PRECONDITION_FAILED',
      `invalid arg 'x-dead-letter-routing-key' for ${what}: routing_key_but_no_dlx_defined`,
    );
  }
  const type = textOf(args.get('x-queue-type')) === 'quorum' ? 'quorum' : 'classic';
  for (const name of type === 'quorum' ? CLASSIC_ONLY : ['x-delivery-limit']) {
    if (!args.has(name)) continue;
    throw new AmqpError('PRECONDITION_FAILED', `invalid arg '${name}' for ${what} of queue type rabbit_${type}_queue`);
  }
  const singleActive = args.get('x-single-active-consumer');
  return {
    type,
    messageTtlMs: integerOf(args.get('x-message-ttl')),
    expiresMs: integerOf(args.get('x-expires')),
    maxLength: integerOf(args.get('x-max-length')) ?? Infinity,
    maxLengthBytes: integerOf(args.get('x-max-length-bytes')) ?? Infinity,
    overflow: (textOf(args.get('x-overflow')) as Overflow | undefined) ?? 'drop-head',
    deadLetterExchange: textOf(args.get('x-dead-letter-exchange')),
    deadLetterRoutingKey: textOf(args.get('x-dead-letter-routing-key')),
    maxPriority: integerOf(args.get('x-max-priority')) ?? 0,
    singleActiveConsumer: singleActive?.type === 'bool' && singleActive.value,
    deliveryLimit: integerOf(args.get('x-delivery-limit')),
  };
}
