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

/** Durations end at ten years, as in RabbitMQ. */
export const DURATION_MS_MAX = 315_360_000_000;

const INTEGERS = new Set(['byte', 'unsignedbyte', 'short', 'unsignedshort', 'signedint', 'unsignedint', 'long']);

type Check = (field: FieldValue) => string | undefined;

const typeError = (field: FieldValue): string => `{unacceptable_type,${field.type}}`;

const integer: Check = (field) => (INTEGERS.has(field.type) ? undefined : `"expected integer, got ${field.type}"`);

const notNegative: Check = (field) => {
  const value = integerOf(field) ?? 0;
  return integer(field) ?? (value < 0 ? `{value_negative,${value}}` : undefined);
};

const duration: Check = (field) => {
  const value = integerOf(field) ?? 0;
  return notNegative(field) ?? (value > DURATION_MS_MAX ? `{value_too_large,${value}}` : undefined);
};

const text: Check = (field) => (field.type === 'longstr' ? undefined : typeError(field));

const oneOf =
  (allowed: readonly string[], wrong: (given: string) => string): Check =>
  (field) => {
    const given = textOf(field) ?? '';
    return text(field) ?? (allowed.includes(given) ? undefined : wrong(given));
  };

interface QueueArgument {
  readonly name: string;
  /** What is wrong with a value, in RabbitMQ's words. */
  readonly check: Check;
  /** For the documentation. */
  readonly meaning: string;
}

const argument = (name: string, meaning: string, check: Check): QueueArgument => ({ name, meaning, check });

/** Every argument that means something; those that are compared where a queue is declared again. */
export const QUEUE_ARGUMENTS: readonly QueueArgument[] = [
  argument(
    'x-queue-type',
    'classic (default) or quorum: always durable, all messages persistent, deliveries counted in x-delivery-count.',
    oneOf(['classic', 'quorum'], (given) => `"unsupported queue type '${given}'"`),
  ),
  argument('x-message-ttl', 'Milliseconds after which a message at the head expires.', duration),
  argument(
    'x-expires',
    'Milliseconds without consumers, basic.get and declarations after which the queue is deleted.',
    (field) => duration(field) ?? (integerOf(field) === 0 ? '{value_zero,0}' : undefined),
  ),
  argument('x-max-length', 'Ready messages.', notNegative),
  argument('x-max-length-bytes', 'Bytes of the bodies of ready messages.', notNegative),
  argument(
    'x-overflow',
    'drop-head (default), reject-publish (a nack in confirm mode), reject-publish-dlx.',
    oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], () => 'invalid_overflow'),
  ),
  argument('x-dead-letter-exchange', 'Where rejected, expired and dropped messages go, with x-death.', text),
  argument('x-dead-letter-routing-key', 'Instead of the message’s own keys.', text),
  argument('x-max-priority', 'Up to 255; classic queues.', (field) => {
    const value = integerOf(field) ?? 0;
    return notNegative(field) ?? (value > 255 ? `{max_value_exceeded,${value}}` : undefined);
  }),
  argument('x-single-active-consumer', 'The oldest consumer gets everything.', (field) =>
    field.type === 'bool' ? undefined : typeError(field),
  ),
  argument(
    'x-queue-mode',
    'default or lazy: accepted and ignored, bodies are on disk beyond a bound anyway.',
    oneOf(['default', 'lazy'], (given) => `"unsupported queue mode '${given}'"`),
  ),
  argument('x-delivery-limit', 'Quorum queues: a message that was requeued more often is dead-lettered.', integer),
];

/** Without the type, which may also be left to the default. */
export const COMPARED_ARGUMENTS: readonly string[] = QUEUE_ARGUMENTS.map(({ name }) => name).filter(
  (name) => name !== 'x-queue-type',
);

export const typeOf = (args: FieldTable): 'classic' | 'quorum' =>
  textOf(args.get('x-queue-type')) === 'quorum' ? 'quorum' : 'classic';

/** Not allowed for quorum queues. */
const CLASSIC_ONLY: readonly string[] = ['x-max-priority', 'x-queue-mode'];

/** Throws AmqpError 406 where an argument makes no sense. `what` names the queue. */
export function queueSettings(args: FieldTable, what: string): QueueSettings {
  const exchange = args.get('x-dead-letter-exchange');
  if (exchange !== undefined && exchange.type !== 'longstr') {
    const wrong = `invalid type '${exchange.type}' for arg 'x-dead-letter-exchange' in ${what}`;
    throw new AmqpError('PRECONDITION_FAILED', wrong);
  }
  for (const { name, check } of QUEUE_ARGUMENTS) {
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
  const type = typeOf(args);
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
