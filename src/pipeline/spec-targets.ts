import { z } from 'zod';
import { mapping, text } from './spec-words.js';

const placed = z.enum(['embedded', 'compose'], { error: 'must be embedded, compose or an address' });
const inside = 'The same server as the stack’s own servers see it, where that is another address';

const tls = mapping({
  ca: text.optional().describe('File with the certificates to trust'),
  cert: text.optional().describe('File with the client certificate'),
  key: text.optional().describe('File with the client key'),
  rejectUnauthorized: z.boolean().optional().describe('false trusts any certificate'),
});

const kafkaAddress = z.union(
  [
    placed,
    mapping({
      bootstrapServers: text.describe('host:port, several separated by commas'),
      ssl: z
        .union([z.boolean(), tls], { error: 'must be true, false, or a mapping with ca, cert, key' })
        .optional()
        .describe('TLS: true, or with certificates'),
      sasl: mapping({
        mechanism: z
          .enum(['plain', 'scram-sha-256', 'scram-sha-512'], {
            error: 'must be plain, scram-sha-256 or scram-sha-512',
          })
          .describe('How the password is proven'),
        username: text.describe('Who'),
        password: text.describe('Take it from the environment'),
      })
        .optional()
        .describe('Log in with a password'),
      inside: mapping({ bootstrapServers: text.describe('host:port') })
        .optional()
        .describe(inside),
    }),
  ],
  { error: 'must be embedded, compose, or a mapping with bootstrapServers' },
);

const urlAddress = z.union(
  [
    placed,
    mapping({
      url: text.describe('Where it answers'),
      inside: mapping({ url: text.describe('Where it answers') })
        .optional()
        .describe(inside),
    }),
  ],
  { error: 'must be embedded, compose, or a mapping with url' },
);

const rabbitmqAddress = z.union(
  [
    placed,
    mapping({
      url: text.describe('amqp://user:password@host:5672/vhost'),
      management: text.optional().describe('Its HTTP API; absent: port 15672 of that host'),
      inside: mapping({ url: text.describe('Where it answers') })
        .optional()
        .describe(inside),
    }),
  ],
  { error: 'must be embedded, compose, or a mapping with url' },
);

const one = (what: string) => urlAddress.optional().describe(`${what}: embedded, compose, or { url }`);
const each = (what: string) => z.record(z.string(), urlAddress).optional().describe(what);

export const target = mapping({
  base: z
    .enum(['embedded', 'compose', 'cluster'], { error: 'must be embedded, compose or cluster' })
    .default('embedded')
    .describe('What everything runs on that is not named here'),
  kafka: kafkaAddress.optional().describe('Kafka: embedded, compose, or { bootstrapServers }'),
  schemaRegistry: one('Schema Registry'),
  connect: one('Kafka Connect'),
  ksqldb: one('ksqlDB'),
  rabbitmq: rabbitmqAddress.optional().describe('RabbitMQ: embedded, compose, or { url, management }'),
  postgres: placed.optional().describe('PostgreSQL of all databases that have no address of their own'),
  databases: each('Databases that have an address: postgres://user:password@host:5432/database'),
  services: each('Services that run elsewhere'),
  stores: each('Stores that have an address'),
  gateway: one('A gateway that runs elsewhere'),
});
