import * as z from 'zod';
import { calledOnServers } from '../../pipeline/kind.js';
import { INSIDE, placed, tls } from '../../pipeline/spec-placement.js';
import { mapping, text } from '../../pipeline/spec-words.js';
import type { Kind } from '../kind.js';
import { isReferred } from '../service/referred.js';
import { KAFKA_FIELDS } from './address.js';
import { kafkaComponent } from './component.js';
import { knownTopics } from './known-topics.js';
import { checkTopics, unusedTopics } from './lint.js';
import { replicas, topics } from './section.js';

const extensions = z
  .record(z.string(), text)
  .optional()
  .describe('SASL extensions (KIP-342): logicalCluster, identityPoolId');
const oauthbearer = z.literal('oauthbearer', { error: 'must be plain, scram-sha-256, scram-sha-512 or oauthbearer' });

const sasl = z.union(
  [
    mapping({
      mechanism: z
        .enum(['plain', 'scram-sha-256', 'scram-sha-512'], {
          error: 'must be plain, scram-sha-256, scram-sha-512 or oauthbearer',
        })
        .describe('SASL mechanism'),
      username: text.describe('Who'),
      password: text.describe('Take it from the environment'),
    }),
    mapping({
      mechanism: oauthbearer.describe('SASL mechanism'),
      token: text.describe('OAUTHBEARER: a token; take it from the environment'),
      extensions,
    }),
    mapping({
      mechanism: oauthbearer.describe('SASL mechanism'),
      tokenEndpoint: text.describe('OAUTHBEARER: where tokens are fetched with client credentials'),
      clientId: text.describe('Who'),
      clientSecret: text.describe('Take it from the environment'),
      scope: text.optional().describe('Asked for with the token'),
      ssl: tls.optional().describe('Certificates for the token endpoint'),
      extensions,
    }),
  ],
  {
    error:
      'must have mechanism plain, scram-sha-256 or scram-sha-512 with username and password, or oauthbearer with token, or with tokenEndpoint, clientId and clientSecret',
  },
);

const kafkaAddress = z.union(
  [
    placed,
    mapping({
      bootstrapServers: text.describe('host:port, several separated by commas'),
      ssl: z
        .union([z.boolean(), tls], { error: 'must be true, false, or a mapping with ca, cert, key' })
        .optional()
        .describe('TLS: true, or with certificates'),
      sasl: sasl.optional().describe('SASL login'),
      clusterId: text
        .optional()
        .describe('The expected cluster id: with any other, every command stops before it does anything'),
      replication: replicas
        .optional()
        .describe('Replication factor of topics that say none, evpipe’s own included; absent: the brokers’ default'),
      minInsyncReplicas: replicas
        .optional()
        .describe('`min.insync.replicas` of topics that say none; absent: the brokers’ default'),
      inside: mapping({ bootstrapServers: text.describe('host:port') })
        .optional()
        .describe(INSIDE),
    }),
  ],
  { error: 'must be embedded, compose, or a mapping with bootstrapServers' },
);

export const topicKind: Kind = {
  kind: 'topic',
  sections: [topics],
  placements: { kafka: kafkaAddress.optional().describe('Kafka: embedded, compose, or { bootstrapServers }') },
  rules: [checkTopics],
  flowRules: [unusedTopics],
  names: { topic: knownTopics, 'declared topic': ({ names }) => names('topics') },
  references: [
    { head: 'topics', named: 'declared topic', fields: ['name'], shared: calledOnServers },
    {
      head: 'kafka',
      fields: KAFKA_FIELDS,
      component: 'kafka',
      needs: ({ topics: declared }) => ['server/kafka', ...declared.map(({ name }) => `topic/${name}`)],
    },
  ],
  writtenAddresses: [
    {
      hosts: ['kafka', 'broker', 'kafka1', 'kafka-1'],
      ports: [9092, 29092],
      reference: () => 'kafka.bootstrapServers',
      placed: ({ kafka }) => kafka,
    },
  ],
  components: (pipeline) => [
    {
      component: kafkaComponent(pipeline),
      names: ['kafka'],
      onlyIfNeeded: pipeline.topics.length === 0 && !isReferred(pipeline, 'kafka'),
    },
  ],
  servers: ['kafka'],
  step: 'kafka',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};
