/** The events of a customer, as they stand in the topics: JSON. */

/** `app_event_type` of each kind of change. */
export const EVENT_TYPES = { created: 100, updated: 200, deleted: 300 } as const;

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  readonly email: string;
  readonly deleted: boolean;
  /** Grows with every change of the customer. */
  readonly version: number;
  readonly created_on: string;
  readonly created_by: string;
  readonly updated_on: string;
  readonly updated_by: string;
}

export interface CustomerEvent {
  readonly id: string;
  readonly event_ts: string;
  readonly app_event_type: 100 | 200 | 300;
  /** Null: created. */
  readonly before_change: Customer | null;
  /** Of a deleted one: as it was, and deleted. */
  readonly after_change: Customer;
}

export interface NotificationRequest {
  readonly id: string;
  readonly customer_id: string;
  readonly email: string;
  readonly subject: string;
  readonly text: string;
}

/** Throws what is wrong with a record that is no such event: whoever reads it stops there, instead of losing it. */
export function parseEvent<Event extends object>(
  value: Buffer | null,
  fields: readonly (keyof Event & string)[],
): Event {
  if (value === null) throw new Error('the record has no value');
  const event: unknown = JSON.parse(value.toString('utf8'));
  if (typeof event !== 'object' || event === null) throw new Error('the record is no event');
  const missing = fields.find((field) => (event as Record<string, unknown>)[field] == null);
  if (missing !== undefined) throw new Error(`the event has no ${missing}`);
  return event as Event;
}
