import { z } from 'zod';
import { conservation, rabbitmq } from '../kinds/rabbitmq/spec.js';
import { target } from './spec-targets.js';
import { duration, mapping, named, scalar, settings, text, texts, whole } from './spec-words.js';

/**
 * The pipeline file as a user writes it, before defaults (pipeline.ts is what the rest sees). Descriptions are what
 * editors show; messages are in the words of the file, never of the library.
 */

const database = mapping({
  migrations: text
    .optional()
    .describe('Folder of .sql files, applied once each in order of their names, checksummed')
    .meta({ examples: ['sql/person'] }),
}).nullable();

const topic = mapping({
  partitions: whole(1, 10_000, 'a topic has 1 to 10000 partitions').default(1).describe('How many partitions'),
  replication: whole(1, 100, 'a topic has 1 to 100 replicas')
    .optional()
    .describe('Replication factor; absent: the default of the cluster'),
  config: settings
    .optional()
    .describe('Topic configuration')
    .meta({ examples: [{ 'retention.ms': 604_800_000, 'cleanup.policy': 'compact' }] }),
}).nullable();

const subject = z.union(
  [
    text,
    mapping({
      file: text.describe('The schema'),
      type: z
        .enum(['AVRO', 'JSON', 'PROTOBUF'], { error: 'must be AVRO, JSON or PROTOBUF' })
        .default('AVRO')
        .describe('What language the schema is written in'),
      references: z
        .array(
          mapping({
            name: text.describe('As the schema calls it'),
            subject: text.describe('Where it is registered'),
            version: whole(1, 1_000_000, 'a version is a whole number from 1').describe('Which version of it'),
          }),
        )
        .default([])
        .describe('Schemas that this one uses'),
    }),
  ],
  { error: 'must be a schema file, or a mapping with file, type and references' },
);

const schemas = mapping({
  compatibility: z
    .enum(['NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'], {
      error: 'must be NONE, BACKWARD, FORWARD or FULL, or one of these with _TRANSITIVE',
    })
    .optional()
    .describe('Set for each of these subjects, never for the whole registry'),
  subjects: z
    .record(z.string(), subject)
    .default({})
    .describe('Subject (TOPIC-value or TOPIC-key) to schema file')
    .meta({ examples: [{ 'orders-value': 'schemas/order.avsc' }] }),
});

const connector = mapping({
  database: text
    .optional()
    .describe('The database it captures; fills in database.*, slot, publication, heartbeat and fence options'),
  produces: texts.optional().describe('Topics it writes, where a column of the row decides'),
  config: settings
    .nullable()
    .optional()
    .describe('As Kafka Connect takes it. Absent: a ksql migration makes this connector'),
});

const outbox = mapping({
  database: text.describe('Where the outbox is'),
  table: text.describe('The outbox table'),
  reports: texts.describe('Tables whose changes this outbox reports'),
  sent: text.optional().describe('A polling outbox: the column that says that a row was sent'),
  topics: texts.optional().describe('A polling outbox: the topics it publishes to'),
  failure: text
    .optional()
    .describe('A polling outbox: the column that says why a row could not be sent when it was last tried'),
  created: text
    .optional()
    .describe('A polling outbox: the column that says when a row was written, to tell how old the unsent are'),
});

const service = mapping({
  module: text
    .optional()
    .describe('TypeScript or JavaScript module, bundled and run by node')
    .meta({ examples: ['services/person.ts'] }),
  command: texts
    .optional()
    .describe('Any command, run in the folder of the file')
    .meta({ examples: [['python3', '-m', 'service']] }),
  copies: whole(1, 32, 'a service has 1 to 32 copies')
    .optional()
    .describe('How many of it run at the same time, in one consumer group; it has no port then'),
  port: whole(1, 65_535, 'a port is 1 to 65535').optional().describe('Wished for; the service is told PORT and HOST'),
  ready: mapping({ http: text.describe('Path that answers 2xx once it is ready') })
    .optional()
    .describe('How to tell that it is ready; absent: its consumer group has a member, or it lives for a second'),
  open: mapping({ path: text.describe('Path of the page'), note: text.optional().describe('Shown beside it') })
    .optional()
    .describe('A page for people, shown after up'),
  env: settings
    .optional()
    .describe('Its environment; $(…) refers to what the target yields')
    .meta({ examples: [{ DATABASE_URL: '$(databases.person.url)' }] }),
  outbox: outbox.optional().describe('The outbox that it writes, in the transaction of what it reports'),
  consumes: mapping({ group: text.describe('Its consumer group'), topics: texts.describe('What it reads') })
    .optional()
    .describe('What it reads from Kafka: what a check waits for'),
  produces: texts.optional().describe('Topics it writes by itself'),
  receives: texts.optional().describe('RabbitMQ queues it reads'),
  publishes: texts.optional().describe('RabbitMQ exchanges or queues it writes'),
  writes: z
    .union(
      [
        mapping({ database: text.describe('Where'), tables: texts.describe('Which') }),
        mapping({ store: text.describe('Where'), collections: texts.describe('Which') }),
      ],
      { error: 'must have database and tables, or store and collections' },
    )
    .optional()
    .describe('Tables, or collections of a store, that it fills from what it consumes'),
});

const seedValue = z.union(
  [
    text,
    mapping({ from: text.describe('A seed: one of its ids') }),
    mapping({ each: text.describe('A seed: its ids one after the other, from the first again after the last') }),
    mapping({ integer: z.tuple([z.int(), z.int()]).describe('Least and most') }),
    mapping({ timestamp: text.describe('A generator of dates, written with its time') }),
    mapping({
      oneOf: z
        .array(z.union([z.string(), z.number(), z.boolean()]))
        .min(1)
        .describe('One of these'),
    }),
    mapping({ value: z.union([z.string(), z.number(), z.boolean(), z.null()]).describe('Always this') }),
  ],
  {
    error:
      'must be a path of the data generator (person.firstName), or one of from, each, integer: [least, most], timestamp, oneOf, value',
  },
);

const seed = z.union(
  [
    mapping({
      service: text.describe('The service whose API creates the rows'),
      path: text.describe('Where they are posted').meta({ examples: ['/api/persons'] }),
      rows: whole(0, 100_000_000, 'rows is a whole number').describe('How many'),
      random: whole(0, 4_294_967_295, 'random is a whole number')
        .default(1)
        .describe('The same number makes the same data'),
      values: z
        .record(z.string(), seedValue)
        .describe('Field to generator')
        .meta({ examples: [{ name: 'person.fullName' }] }),
    }),
    mapping({
      sql: text.describe('A file with SQL: run once, and once more whenever it was changed'),
      database: text.optional().describe('Where; the only one where it is not said'),
    }),
    mapping({
      csv: text.describe('A file with a header line'),
      into: mapping({ database: text.describe('Where'), table: text.describe('Which table') }).describe(
        'Where its rows go',
      ),
    }),
    mapping({
      jsonl: text.describe('A file with a record a line: {"key": …, "value": …, "headers": {…}}, written as JSON'),
      topic: text.describe('Where they are written'),
    }),
  ],
  { error: 'must have service, path, rows and values; or sql; or csv and into; or jsonl and topic' },
);

const place = (what: string) =>
  mapping({
    database: text.optional().describe('Which database'),
    table: text.optional().describe('Which table; of schema public where it has none'),
    store: text.optional().describe('Instead of a database: which store of documents'),
    collection: text.optional().describe('Which collection of it; columns are then field paths: after.name'),
    where: z
      .union([text, z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))], {
        error: 'must be SQL, or for documents a mapping of field path to value',
      })
      .optional()
      .describe('Which rows count: SQL; for documents a mapping of field path to value')
      .meta({ examples: ['not deleted', { deleted: false }] }),
  })
    .optional()
    .describe(what);
const columns = z.union([texts, z.record(z.string(), text)], {
  error: 'must be a list of columns, or a mapping of replica column to source column or SQL expression',
});
const status = z.union([z.string(), z.number()], { error: 'a status is a text or a number' });

const check = mapping({
  source: place('Compare: what is right'),
  replica: place('Compare: what has to agree'),
  key: columns
    .optional()
    .describe('Compare: the columns that tell rows apart')
    .meta({ examples: [['id']] }),
  columns: columns.optional().describe('Compare: what to compare; absent: all columns that both have'),
  through: texts
    .optional()
    .describe(
      'Compare: connectors, queries, services on the way, where there are several; [] where nothing replicates',
    ),
  database: text.optional().describe('Rows: where the query runs'),
  rows: text.optional().describe('A query that has to find no row, or some'),
  expect: z
    .enum(['none', 'some'], { error: 'must be none or some' })
    .optional()
    .describe('Rows: what the query has to find; none where it is not said'),
  stages: mapping({
    topic: text.describe('Where statuses are reported'),
    key: text.optional().describe('key: the key of the record; else a field of the value'),
    field: text.describe('The field that holds the status'),
    transitions: z
      .array(z.tuple([status, status], { error: 'a transition is a list of two statuses: from and to' }))
      .describe('Which status may follow which')
      .meta({ examples: [[[100, 200]]] }),
    final: z.array(status).describe('Statuses that end'),
    order: z
      .enum(['arrival', 'time'], { error: 'must be arrival or time' })
      .default('arrival')
      .describe('time: by the timestamps of the records, where several writers report on one key'),
    once: z.boolean().default(false).describe('No key reaches a status at two times; a record sent twice is no matter'),
    reportedBy: z
      .record(z.string(), text)
      .default({})
      .describe('Status to the service that reports it: whom a stuck key waits for')
      .meta({ examples: [{ 200: 'assemble' }] }),
    keys: mapping({
      database: text.describe('Where'),
      table: text.describe('Which table'),
      column: text.describe('Which column'),
    })
      .optional()
      .describe('A table with the same keys, no more and no fewer'),
    view: z
      .union(
        [
          mapping({
            database: text.describe('Where'),
            table: text.describe('Which table'),
            key: text.describe('Its key column'),
            status: text.describe('Its status column'),
          }),
          mapping({
            ksqldb: text.describe('Which ksqlDB table, asked by a pull query'),
            key: text.describe('Its key column'),
            status: text.describe('Its status column'),
          }),
        ],
        { error: 'must have database or ksqldb: database, table, key, status; or ksqldb, key, status' },
      )
      .optional()
      .describe('A table with the last status of every key'),
    within: duration.describe('How long the way to a final status may take'),
  })
    .optional()
    .describe('Every key goes through legal statuses to a final one'),
  conservation: conservation.optional().describe('Published = acknowledged = effects'),
  within: duration.optional().describe('How long differences may take to settle'),
});

const anything = z.record(z.string(), z.unknown());
const smokeRequest = mapping({
  service: text.describe('Which service is asked'),
  method: text.default('POST').describe('HTTP method'),
  path: text.describe('Path').meta({ examples: ['/api/persons'] }),
  body: z.unknown().optional().describe('Sent as JSON'),
  status: whole(100, 599, 'a status is 100 to 599')
    .optional()
    .describe('The status it has to answer; any 2xx where it is not said'),
});

const smokeTest = mapping({
  request: z
    .union([smokeRequest, z.array(smokeRequest).min(1)], {
      error: 'must be a request (service, path), or a list of them',
    })
    .optional()
    .describe('What starts it; several are sent one after the other, $(response.…) is the last answer with a body'),
  expect: z
    .array(
      mapping({
        topic: text.optional().describe('A record appears on this topic'),
        key: scalar
          .optional()
          .describe('with this key')
          .meta({ examples: ['$(response.id)'] }),
        value: anything.optional().describe('and these fields'),
        database: text.optional().describe('A row appears in this database'),
        table: text.optional().describe('in this table'),
        where: anything.optional().describe('with these values'),
        row: anything.optional().describe('and these others'),
        store: text.optional().describe('A document appears in this store'),
        collection: text.optional().describe('in this collection, with the values of where'),
        document: anything.optional().describe('and these others'),
      }),
    )
    .describe('What has to be seen afterwards'),
  within: duration.default('10s').describe('How long it may take'),
});

const store = mapping({
  kind: z.enum(['documents', 'cache'], { error: 'must be documents or cache' }).describe('MongoDB or Redis'),
  optional: z.boolean().default(false).describe('The pipeline works without it'),
});
const gateway = mapping({
  port: whole(1, 65_535, 'a port is 1 to 65535').describe('Where it listens'),
  routes: z
    .record(z.string(), text)
    .describe('Path to service: the path and all below it go there, the longest one decides')
    .meta({ examples: [{ '/api/v1/main': 'main' }] }),
});

export const pipelineSpec = mapping({
  version: z.literal(1, { error: 'must be 1, the only version of the format' }).describe('Of the format: 1'),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,49}$/, { error: 'a name has small letters, digits and "-", 50 characters at most' })
    .describe('Of the pipeline: in names of slots, topics and folders'),
  databases: named(database).default({}).describe('PostgreSQL databases; the target decides on the server'),
  topics: z.record(z.string(), topic).default({}).describe('Kafka topics'),
  schemas: schemas.optional().describe('Subjects of the Schema Registry'),
  connectors: named(connector).default({}).describe('Kafka Connect connectors'),
  ksqldb: mapping({
    migrations: text
      .describe('Folder of V000001__name.sql files, as ksql-migrations names them')
      .meta({ examples: ['ksql'] }),
  })
    .nullable()
    .optional()
    .describe('ksqlDB streams'),
  connect: mapping({
    env: settings
      .default({})
      .describe('What the env placeholders of connector configs mean on a worker that evpipe starts'),
  })
    .optional()
    .describe('The Connect worker'),
  services: named(service).default({}).describe('Processes that belong to the pipeline'),
  rabbitmq: rabbitmq.optional().describe('RabbitMQ exchanges, queues and bindings'),
  stores: named(store).default({}).describe('Stores beside the databases'),
  gateway: gateway.optional().describe('One port in front of the services'),
  seed: named(seed).default({}).describe('Data to begin with, the same every time'),
  checks: named(check).default({}).describe('What has to agree'),
  smoke: named(smokeTest).default({}).describe('What has to happen after a request'),
  targets: named(target).default({}).describe('Where it runs, beside embedded, compose and cluster'),
  profiles: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Overlays of this file for --profile: merged deep, null removes'),
});

export type PipelineSpec = z.infer<typeof pipelineSpec>;

/** JSON Schema (2020-12) of the pipeline file, for editors. */
export function jsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(pipelineSpec, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  return { ...schema, title: 'evpipe pipeline file' };
}
