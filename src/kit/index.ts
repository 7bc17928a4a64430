/** What example services may import: nothing here loads a library before it is used. */
export type { Delivery, ReceiverOptions } from './amqp/receiver.js';
export { Refused } from './amqp/refused.js';
export type { Avro } from './avro.js';
export { type CloudEvent, cloudEvent } from './cloud-event.js';
export type { ConsumerOptions, Message } from './consumer.js';
export type { Database, Queries, Transaction } from './database.js';
export type { Collection, DocumentStore, Stored } from './document-store.js';
export { type Change, type Entity, entity, type RowOf } from './entity.js';
export { date, type Field, type Fields, flag, generated, integer, text, timestamp, uuid } from './field.js';
export type { Mail, Mailer } from './mail.js';
export { NotYet } from './not-yet.js';
export { type OutboxEvent, writeOutbox } from './outbox.js';
export type { OutboxRecord, PollingOutbox, Publisher } from './polling-outbox.js';
export { runService, type Service, startService } from './service.js';
export type { Site } from './web.js';
