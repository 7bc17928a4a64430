import { distance } from 'fastest-levenshtein';
import { z } from 'zod';

/**
 * The pipeline file as a user writes it, before defaults (pipeline.ts is what the rest sees). Descriptions are what
 * editors show; messages are in the words of the file, never of the library.
 */

/** A mapping with these keys and no others; an unknown one names the nearest known one. */
function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownKeys(issue.keys as string[], known) : undefined),
  });
}

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  return keys.map((key) => `unknown key ${key}${didYouMean(key, known)}`).join('; ');
}

/** `, did you mean X?` where a known word is near, else what there is to choose from. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, away: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.away - b.away)[0];
  if (near !== undefined && near.away <= Math.max(1, Math.floor(word.length / 3)))
    return `, did you mean ${near.candidate}?`;
  return known.length > 0 && known.length <= 12 ? ` (known: ${known.join(', ')})` : '';
}

const text = z.string().min(1, { error: 'must not be empty' });
/** A YAML scalar where the consumer of the value wants text: `false`, `604800000` and `"x"` alike. */
const scalar = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number or true/false' })
  .transform(String);
const texts = z.array(text);
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
  error: 'a name has letters, digits, ".", "_" and "-", and begins with a letter or digit',
});
const named = <T extends z.ZodType>(value: T) => z.record(name, value);
const settings = z.record(z.string(), scalar);
const port = z.int().min(1, { error: 'a port is 1 to 65535' }).max(65_535, { error: 'a port is 1 to 65535' });
const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, { error: 'a duration is a number with ms, s, m or h: 500ms, 10s, 2m' });

const database = mapping({
  migrations: text.optional().describe('Folder of .sql files, applied once each in order of their names, checksummed'),
}).nullable();

const topic = mapping({
  partitions: z.int().min(1, { error: 'a topic has at least 1 partition' }).max(10_000).default(1),
  replication: z.int().min(1).optional().describe('Replication factor; absent: the default of the cluster'),
  config: settings.optional().describe('Topic configuration: retention.ms, cleanup.policy …'),
}).nullable();

const schemaType = z.enum(['AVRO', 'JSON', 'PROTOBUF'], { error: 'must be AVRO, JSON or PROTOBUF' });
const subject = z.union(
  [
    text,
    mapping({
      file: text,
      type: schemaType.default('AVRO'),
      references: z.array(mapping({ name: text, subject: text, version: z.int() })).default([]),
    }),
  ],
  { error: 'must be a schema file, or a mapping with file, type and references' },
);
const compatibility = z.enum(
  ['NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'],
  { error: 'must be NONE, BACKWARD, FORWARD or FULL, or one of these with _TRANSITIVE' },
);
const schemas = mapping({
  compatibility: compatibility.optional().describe('Set per subject, never globally'),
  subjects: z.record(z.string(), subject).default({}),
});

const connector = mapping({
  database: text.optional().describe('The source database; fills in database.*, slot, publication and fence options'),
  produces: texts.optional().describe('Topics it writes, where a column decides'),
  config: settings.nullable().optional().describe('Absent: a ksql migration makes this connector'),
});

const outbox = mapping({
  database: text,
  table: text,
  reports: texts.describe('Tables whose changes this outbox reports'),
  sent: text.optional().describe('A polling outbox: the column that says that a row was sent'),
  topics: texts.optional().describe('A polling outbox: the topics it publishes to'),
});

const service = mapping({
  module: text.optional().describe('TypeScript or JavaScript module'),
  command: texts.optional().describe('Any command, run in the folder of the file'),
  port: port.optional().describe('Wished for; the service is told PORT and HOST'),
  ready: mapping({ http: text }).optional(),
  open: mapping({ path: text, note: text.optional() }).optional().describe('A page for people, shown after up'),
  env: settings.optional(),
  outbox: outbox.optional(),
  consumes: mapping({ group: text, topics: texts }).optional(),
  produces: texts.optional(),
  writes: mapping({ database: text, tables: texts }).optional(),
});

const seedValue = z.union(
  [
    text,
    mapping({ from: text }),
    mapping({ integer: z.tuple([z.int(), z.int()]) }),
    mapping({ timestamp: text }),
    mapping({ oneOf: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1) }),
    mapping({ value: z.union([z.string(), z.number(), z.boolean(), z.null()]) }),
  ],
  {
    error:
      'must be a path of the data generator (person.firstName), or one of from, integer: [least, most], timestamp, oneOf, value',
  },
);
const seed = mapping({
  service: text,
  path: text,
  rows: z.int().min(0),
  random: z.int().min(0).default(1),
  values: z.record(z.string(), seedValue),
});

const place = mapping({ database: text, table: text, where: text.optional() });
const columns = z.union([texts, z.record(z.string(), text)], {
  error: 'must be a list of columns, or a mapping of replica column to source column or SQL expression',
});
const status = z.union([z.string(), z.number()]);
const checkShape = {
  source: place.optional(),
  replica: place.optional(),
  key: columns.optional(),
  columns: columns.optional(),
  through: texts.optional().describe('The way from source to replica, where there are several'),
  database: text.optional(),
  rows: text.optional().describe('A query'),
  expect: z.enum(['none', 'some'], { error: 'must be none or some' }).optional(),
  stages: mapping({
    topic: text,
    key: text.optional(),
    field: text,
    transitions: z.array(z.tuple([status, status])),
    final: z.array(status),
    within: duration,
  }).optional(),
  within: duration.optional(),
};

const smokeTest = mapping({
  request: mapping({
    service: text,
    method: text.default('POST'),
    path: text,
    body: z.unknown().optional(),
    status: z.int().optional(),
  }).optional(),
  expect: z.array(
    mapping({
      topic: text.optional(),
      key: scalar.optional(),
      value: z.record(z.string(), z.unknown()).optional(),
      database: text.optional(),
      table: text.optional(),
      where: z.record(z.string(), z.unknown()).optional(),
      row: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  within: duration.default('10s'),
});

const kafkaAddress = z.union(
  [
    z.enum(['embedded', 'compose']),
    mapping({
      bootstrapServers: text,
      ssl: z
        .union([
          z.boolean(),
          mapping({
            ca: text.optional(),
            cert: text.optional(),
            key: text.optional(),
            rejectUnauthorized: z.boolean().optional(),
          }),
        ])
        .optional(),
      sasl: mapping({
        mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
        username: text,
        password: text,
      }).optional(),
      inside: mapping({ bootstrapServers: text }).optional(),
    }),
  ],
  { error: 'must be embedded, compose, or a mapping with bootstrapServers' },
);
const urlAddress = z.union(
  [z.enum(['embedded', 'compose']), mapping({ url: text, inside: mapping({ url: text }).optional() })],
  {
    error: 'must be embedded, compose, or a mapping with url',
  },
);
const target = mapping({
  base: z
    .enum(['embedded', 'compose', 'cluster'], { error: 'must be embedded, compose or cluster' })
    .default('embedded'),
  kafka: kafkaAddress.optional(),
  schemaRegistry: urlAddress.optional(),
  connect: urlAddress.optional(),
  ksqldb: urlAddress.optional(),
  rabbitmq: urlAddress.optional(),
  postgres: z.enum(['embedded', 'compose']).optional(),
  databases: z.record(z.string(), urlAddress).optional(),
  services: z.record(z.string(), urlAddress).optional(),
  stores: z.record(z.string(), urlAddress).optional(),
});

export const pipelineSpec = mapping({
  version: z.literal(1, { error: 'must be 1, the only version of the format' }),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,49}$/, { error: 'a name has small letters, digits and "-", 50 characters at most' }),
  databases: named(database).default({}),
  topics: z.record(z.string(), topic).default({}),
  schemas: schemas.optional(),
  connectors: named(connector).default({}),
  ksqldb: mapping({ migrations: text }).nullable().optional(),
  connect: mapping({ env: settings.default({}) }).optional(),
  services: named(service).default({}),
  seed: named(seed).default({}),
  checks: named(mapping(checkShape)).default({}),
  smoke: named(smokeTest).default({}),
  targets: named(target).default({}),
  profiles: z.record(z.string(), z.unknown()).optional(),
});

export type PipelineSpec = z.infer<typeof pipelineSpec>;
