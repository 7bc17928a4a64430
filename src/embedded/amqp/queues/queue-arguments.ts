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

/** The arguments that are compared where a queue is declared again, each with what may be given. */
const CHECKS: Readonly<Record<string, Check>> = {
  'x-expires': (field) => duration(field) ?? (integerOf(field) === 0 ? '{value_zero,0}' : undefined),
  'x-message-ttl': duration,
  'x-max-length': notNegative,
  'x-max-length-bytes': notNegative,
  'x-dead-letter-exchange': text,
  'x-dead-letter-routing-key': text,
  'x-overflow': oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], () => 'invalid_overflow'),
  'x-max-priority': (field) => {
    const value = integerOf(field) ?? 0;
    return notNegative(field) ?? (value > 255 ? `{max_value_exceeded,${value}}` : undefined);
  },
  'x-single-active-consumer': (field) => (field.type === 'bool' ? undefined : typeError(field)),
  'x-queue-type': oneOf(['classic', 'quorum'], (given) => `"unsupported queue type '${given}'"`),
  'x-queue-mode': oneOf(['default', 'lazy'], (given) => `"unsupported queue mode '${given}'"`),
  'x-delivery-limit': integer,
};

/** Without the type, which may also be left to the default. */
export const COMPARED_ARGUMENTS: readonly string[] = Object.keys(CHECKS).filter((name) => name !== 'x-queue-type');

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
