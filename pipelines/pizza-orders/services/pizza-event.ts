/** What all services of this pipeline agree on: an event says which status an order has reached, and when. */
import type { PollingOutbox, Transaction } from 'evpipe/kit';

export const STATUS = { ordered: 100, pending: 150, assembled: 200, baked: 300, delivered: 400 } as const;

export interface PizzaEvent {
  readonly status: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

export function readEvent<Event = PizzaEvent>(value: Buffer | null): Event {
  if (value === null) throw new Error('an event of an order has no value');
  return JSON.parse(value.toString('utf8')) as Event;
}

/** Now, and always after what led to it, whatever the clocks of two machines say: events of an order can be sorted by it. */
export const timeAfter = ({ timestamp }: PizzaEvent): number => Math.max(Date.now(), timestamp + 1);

/**
 * Reports a status in the transaction that reaches it. Where no ksqlDB derives the status topic from the events (profile
 * plain), STATUS_TOPIC is set and the status is reported there too.
 */
export async function report(
  outbox: PollingOutbox,
  transaction: Transaction,
  { topic, order, event }: { readonly topic: string; readonly order: string; readonly event: PizzaEvent },
): Promise<void> {
  const { STATUS_TOPIC: statusTopic } = process.env;
  const { status, timestamp } = event;
  if (statusTopic !== undefined)
    await outbox.add(transaction, { topic: statusTopic, key: order, body: JSON.stringify({ status, timestamp }) });
  await outbox.add(transaction, { topic, key: order, body: JSON.stringify(event) });
}
