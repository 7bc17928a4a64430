import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { textOf, Workspace } from '../pipeline/workspace.js';

/** A defect of a published system, put back into ours, and what is said of it before anything is started. */
interface Lesson {
  readonly pipeline: string;
  readonly defect: string;
  /** What is merged over the file. */
  readonly overlay?: string;
  /** A file of the pipeline, and what is exchanged in it. */
  readonly spoil?: readonly [file: string, from: string | RegExp, to: string];
  readonly found: readonly RegExp[];
}

const LESSONS: readonly Lesson[] = [
  {
    pipeline: 'person-planning',
    defect: 'a subject that is registered without -value',
    overlay: 'schemas: { subjects: { public_person_entity_events: schemas/person-event.avsc } }',
    found: [/error subject-name: .*did you mean public_person_entity_events-value\?/],
  },
  {
    pipeline: 'person-planning',
    defect: 'a logicalType on the field, where Avro ignores it',
    spoil: [
      'schemas/person-event.avsc',
      '"name": "date_of_birth", "type": "string"',
      '"name": "date_of_birth", "type": "string", "logicalType": "date"',
    ],
    found: [/person-event.avsc:\d+:\d+ warning logical-type: logicalType of field date_of_birth is next to its type/],
  },
  {
    pipeline: 'person-planning',
    defect: 'a stream that infers its columns before anybody has registered them',
    overlay: 'schemas: { subjects: { private_accounting_bal_sheet_cdc-value: null } }',
    found: [/warning columns-not-declared: .*private_accounting_bal_sheet_cdc-value.*waits for the first record/],
  },
  {
    pipeline: 'person-planning',
    defect: 'connectors in the words of Debezium 1.9',
    overlay: `connectors: { person-outbox: { config: { database.server.name: p,
      value.converter: io.debezium.converters.ByteBufferConverter } } }`,
    found: [
      /warning connector-old-spelling: database.server.name is Debezium 1.9; since 2.0 it is topic.prefix/,
      /warning connector-old-spelling: .*ByteBufferConverter is Debezium 1.9/,
    ],
  },
  {
    pipeline: 'monolith-split',
    defect: 'a resender that is never scheduled: nothing sends the outbox',
    overlay: 'services: { monolith: { outbox: { sent: null, topics: null } } }',
    found: [
      /warning topic-without-writer: topic product is read, but nothing in this file writes to it/,
      /error way-unknown: check products: no path leads from table monolith.product_product/,
    ],
  },
  {
    pipeline: 'customer-replication',
    defect: 'a dual write: saved, then produced',
    overlay: `
services: { customers: { outbox: null, produces: [MICROSERVICE-CUSTOMER-UPDATES, MICROSERVICE-CUSTOMER-EMAIL-NOTIFICATION] } }
connectors: { customer-outbox: null }
checks: { customers: { through: [] }, notifications: null }
`,
    found: [
      /warning dual-write: service customers changes database customers and sends to MICROSERVICE-CUSTOMER-UPDATES, .* by itself: where it ends between the two, the event is lost/,
    ],
  },
  {
    pipeline: 'customer-replication',
    defect: 'a dual write that a check is to follow',
    overlay: 'services: { customers: { outbox: null, produces: [MICROSERVICE-CUSTOMER-UPDATES] } }',
    found: [
      /warning dual-write: service customers/,
      /error way-unknown: check customers: .*nothing that is declared reads table customers.api_customers_customer/,
    ],
  },
  {
    pipeline: 'customer-replication',
    defect: 'a notification topic that nobody writes or reads',
    overlay: `
services: { email-notification: null }
connectors: { customer-outbox: { produces: [MICROSERVICE-CUSTOMER-UPDATES] } }
databases: { notifications: null }
checks: { notifications: null }
smoke: { a-new-customer-becomes-a-document: null }
`,
    found: [/warning unused: topic MICROSERVICE-CUSTOMER-EMAIL-NOTIFICATION is written and read by nothing/],
  },
  {
    pipeline: 'customer-replication',
    defect: 'a topic that is left to the first producer to make',
    overlay: 'topics: { MICROSERVICE-CUSTOMER-UPDATES: null }',
    found: [
      /error dangling-reference: .*there is no (declared )?topic MICROSERVICE-CUSTOMER-UPDATES/, // the connector, the replicator, and three smoke tests
    ],
  },
  {
    pipeline: 'notification-hub',
    defect: 'publishing code that is imported nowhere',
    overlay: 'services: { main: { publishes: null, outbox: null } }\nchecks: { notifications: { through: [] } }',
    found: [
      /warning exchange-without-publisher: exchange users: nobody publishes to it/,
      /warning queue-without-publisher: queue user-notifications: nobody publishes to it or to users/,
    ],
  },
  {
    pipeline: 'notification-hub',
    defect: 'a message that is published beside the transaction',
    overlay: 'services: { main: { outbox: null } }\nchecks: { notifications: { through: [] } }',
    found: [/warning dual-write: service main changes database main and sends to users by itself/],
  },
  {
    pipeline: 'notification-hub',
    defect: 'a consumer that somebody starts by hand, or not',
    overlay: `
services: { notification: null }
gateway: { routes: { /api/v1/notifications: null } }
checks: { notifications: { through: [] } }
`,
    found: [/warning queue-without-consumer: queue user-notifications: nobody receives from it/],
  },
  {
    pipeline: 'notification-hub',
    defect: 'a queue that is not durable',
    overlay: 'rabbitmq: { queues: { user-notifications: { durable: false } } }',
    found: [/warning queue-not-durable: queue user-notifications is not durable/],
  },
  {
    pipeline: 'notification-hub',
    defect: 'a database and a cache that nobody uses',
    overlay: 'databases: { hub: {} }\nservices: { main: { env: { REDIS_URL: null } } }',
    found: [/warning unused: database hub is used by nothing/, /warning unused: store cache is used by no service/],
  },
  {
    pipeline: 'notification-hub',
    defect: 'a route to nothing',
    overlay: 'gateway: { routes: { /api/v1/main: mian } }',
    found: [/error dangling-reference: there is no service mian, did you mean main\?/],
  },
  {
    pipeline: 'pizza-orders',
    defect: 'a replication factor of 3 on one broker',
    overlay: 'topics: { pizza-ordered: { replication: 3 } }',
    found: [/error replication: topic pizza-ordered wants 3 replicas; target embedded has 1 broker/],
  },
  {
    pipeline: 'pizza-orders',
    defect: 'a replication factor of 3 in a statement of ksqlDB',
    spoil: ['ksql/V000002__status.sql', 'PARTITIONS = 6', 'PARTITIONS = 6, REPLICAS = 3'],
    found: [/V000002__status.sql:\d+:1 error replication: table PIZZA_ORDER_STATUS wants 3 replicas/],
  },
  {
    pipeline: 'person-planning',
    defect: 'a replication factor of 3 for what a connector makes',
    overlay: 'connectors: { accounting-cdc: { config: { topic.creation.default.replication.factor: 3 } } }',
    found: [/error replication: connector accounting-cdc wants 3 replicas/],
  },
  {
    pipeline: 'pizza-orders',
    defect: 'a missing topic, which a client would make with 1 partition',
    overlay: 'profiles: { plain: { topics: { pizza-baked: null } } }',
    found: [/error dangling-reference: .*there is no (declared )?topic pizza-baked/],
  },
  {
    pipeline: 'pizza-orders',
    defect: 'a stream over a missing topic',
    overlay: 'topics: { pizza-pending: null }\nservices: { assemble: { env: { PENDING: null } } }',
    spoil: ['ksql/V000001__streams.sql', '$(topics.pizza-pending.name)', 'pizza-pending'],
    found: [/V000001__streams.sql:\d+:1 warning topic-not-declared: topic pizza-pending is not declared/],
  },
  {
    pipeline: 'pizza-orders',
    defect: 'a final status that no order can reach, as the numbers of two versions mixed would have it',
    overlay: 'checks: { orders: { stages: { final: [999] } } }',
    found: [/warning check-stages: check orders: no transition leads to final status 999/],
  },
];

let workspace: Workspace | undefined;
afterEach(() => workspace?.remove());

describe('a defect of the originals, put back', () => {
  it.each(LESSONS)('$pipeline: $defect', ({ pipeline, overlay = '{}', spoil, found }) => {
    workspace = new Workspace(pipeline);
    if (spoil !== undefined) {
      const [file, from, to] = spoil;
      const before = readFileSync(join(workspace.folder, file), 'utf8');
      const after = before.replace(from, to);
      expect(after, `${file} is changed`).not.toBe(before);
      workspace.write(file, after);
    }
    const profiles = overlay.includes('profiles:') ? ['plain'] : [];
    const texts = workspace.loadWith(overlay, { profiles }).problems.map(textOf);
    for (const pattern of found) expect(texts.join('\n')).toMatch(pattern);
    // Nothing else is said of it: a defect is no hail of messages.
    expect(texts.filter((text) => !found.some((pattern) => pattern.test(text)))).toEqual([]);
  });
});
