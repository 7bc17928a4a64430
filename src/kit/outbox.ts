import { randomUUID } from 'node:crypto';
import type { Queries } from './database.js';

export interface OutboxEvent {
  readonly topic: string;
  /** The record's key: the entity's id, so that the events of one entity stay in order. */
  readonly key: string;
  /** Default: a new one. */
  readonly id?: string;
  readonly type: string;
  readonly source: string;
  /** The record's value as it will stand in Kafka; null: the entity is gone (a tombstone). */
  readonly payload: Buffer | null;
}

/**
 * Puts an event into `events_outboxitem` (Debezium's outbox pattern). It is published if and only if the
 * transaction commits, so call it in the transaction of the change that it reports.
 */
export async function writeOutbox(transaction: Queries, event: OutboxEvent): Promise<void> {
  await transaction.query(
    `INSERT INTO events_outboxitem (id, topic, message_key, event_type, source, payload)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [event.id ?? randomUUID(), event.topic, event.key, event.type, event.source, event.payload],
  );
}
