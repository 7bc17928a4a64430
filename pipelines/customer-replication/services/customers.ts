/** Owns the customers. Every change is reported by two events in its own transaction: for the replica, and for the customer's mailbox. */
import { randomUUID } from 'node:crypto';
import { type Change, entity, generated, runService, text, timestamp, writeOutbox } from 'evpipe/kit';
import { type Customer, type CustomerEvent, EVENT_TYPES, type NotificationRequest } from './events.js';

const SUBJECTS = { created: 'Welcome', updated: 'Your data was changed', deleted: 'Goodbye' } as const;

interface Topics {
  readonly updates: string;
  readonly notifications: string;
}

const customers = ({ updates, notifications }: Topics) =>
  entity({
    name: 'customer',
    plural: 'customers',
    table: 'api_customers_customer',
    order: ['name'],
    fields: {
      name: text(),
      phone: text({ max: 40 }),
      email: text({ max: 254 }),
      version: generated<number>("nextval('customer_version')"),
      created_on: timestamp('created'),
      created_by: generated<string>(),
      updated_on: timestamp('changed'),
      updated_by: generated<string>(),
    },
    async onChange(transaction, change) {
      const now = customer(change.row);
      const { kind, before } = change;
      const after: Customer = kind === 'deleted' ? { ...now, deleted: true, version: now.version + 1 } : now;
      const update: CustomerEvent = {
        id: randomUUID(),
        event_ts: new Date().toISOString(),
        app_event_type: EVENT_TYPES[kind],
        before_change: before === undefined ? null : customer(before),
        after_change: after,
      };
      const notification: NotificationRequest = {
        id: randomUUID(),
        customer_id: after.id,
        email: after.email,
        subject: SUBJECTS[kind],
        text: `Dear ${after.name}, your customer record was ${kind}.`,
      };
      for (const [topic, event] of [
        [updates, update],
        [notifications, notification],
      ] as const) {
        const payload = Buffer.from(JSON.stringify(event));
        await writeOutbox(transaction, {
          topic,
          key: after.id,
          id: event.id,
          type: `customer.${kind}`,
          source: 'customers',
          payload,
        });
      }
    },
  });

type Row = Change<
  Omit<Customer, 'deleted' | 'created_on' | 'updated_on'> & { created_on: Date; updated_on: Date }
>['row'];

function customer({ created_on, updated_on, ...row }: Row): Customer {
  return { ...row, deleted: false, created_on: created_on.toISOString(), updated_on: updated_on.toISOString() };
}

runService(async (service) => {
  const database = await service.database();
  const topics = { updates: service.env('UPDATES'), notifications: service.env('NOTIFICATIONS') };
  await service.serve({ title: 'Customers', database, entities: [customers(topics)] });
});
