import { decodeProperties, encodeProperties } from '../../../protocol/amqp/basic-properties.js';
import { type FieldTable, type FieldValue, integerOf, longstr, textOf } from '../../../protocol/amqp/field-table.js';
import type { Message } from '../storage/entry.js';
import type { QueueSettings } from './queue-arguments.js';

export type DeadLetterReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

type Death = ReadonlyMap<string, FieldValue>;

function deathsOf(headers: FieldTable | undefined): readonly Death[] {
  const field = headers?.get('x-death');
  if (field?.type !== 'array') return [];
  return field.value.flatMap((item) => (item.type === 'table' ? [item.value] : []));
}

/**
 * The properties of a message that leaves `queue` for its dead-letter exchange, as RabbitMQ writes them: x-death with one
 * table per queue and reason (the latest first, counted), x-first-death-*, and no expiration, so that it does not die of
 * the same again.
 */
export function deadLetterProperties(
  message: Message,
  { name: queue, settings }: { readonly name: string; readonly settings: QueueSettings },
  reason: DeadLetterReason,
  nowMs: number,
): Buffer {
  const properties = decodeProperties(message.properties);
  const headers = new Map(properties.headers ?? []);
  const deaths = deathsOf(headers);
  const same = (death: Death): boolean =>
    textOf(death.get('queue')) === queue && textOf(death.get('reason')) === reason;
  const count = integerOf(deaths.find(same)?.get('count')) ?? 0;
  const death = new Map<string, FieldValue>([
    ['count', { type: 'long', value: BigInt(count + 1) }],
    ['reason', longstr(reason)],
    ['queue', longstr(queue)],
    ['time', { type: 'timestamp', value: BigInt(Math.floor(nowMs / 1000)) }],
    ['exchange', longstr(message.exchange)],
    ['routing-keys', { type: 'array', value: routingKeys(message.routingKey, headers).map(longstr) }],
  ]);
  if (properties.expiration !== undefined) death.set('original-expiration', longstr(properties.expiration));
  if (!headers.has('x-first-death-reason')) {
    headers.set('x-first-death-exchange', longstr(message.exchange));
    headers.set('x-first-death-queue', longstr(queue));
    headers.set('x-first-death-reason', longstr(reason));
  }
  const others = deaths.filter((one) => !same(one));
  headers.set('x-death', {
    type: 'array',
    value: [death, ...others].map((value) => ({ type: 'table', value })),
  });
  if (settings.deadLetterRoutingKey !== undefined) headers.delete('CC');
  return encodeProperties({ ...properties, headers, expiration: undefined });
}

function routingKeys(first: string, headers: FieldTable): readonly string[] {
  return [first, ...listOf(headers.get('CC')), ...listOf(headers.get('BCC'))];
}

/** Texts of a header that is an array of them (CC, BCC). */
export function listOf(field: FieldValue | undefined): readonly string[] {
  return field?.type === 'array' ? field.value.flatMap((item) => textOf(item) ?? []) : [];
}

/**
 * Whether a message has come round to `queue` by itself: it died there before, and nowhere since by a client's rejection.
 * Such a message is dropped, or it would go round for ever.
 */
export function isCycle(headers: FieldTable | undefined, queue: string, reason: DeadLetterReason): boolean {
  if (reason === 'rejected') return false;
  const deaths = deathsOf(headers);
  const before = deaths.findIndex((death) => textOf(death.get('queue')) === queue);
  if (before < 0) return false;
  return deaths.slice(0, before + 1).every((death) => textOf(death.get('reason')) !== 'rejected');
}
