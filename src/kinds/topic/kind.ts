import { z } from 'zod';
import { INSIDE, placed } from '../../pipeline/spec-placement.js';
import { mapping, text } from '../../pipeline/spec-words.js';
import type { Kind } from '../kind.js';
import { kafkaComponent } from './component.js';
import { knownTopics } from './known-topics.js';
import { checkTopics, unusedTopics } from './lint.js';
import { topics } from './section.js';

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
          .describe('SASL mechanism'),
        username: text.describe('Who'),
        password: text.describe('Take it from the environment'),
      })
        .optional()
        .describe('SASL login'),
      clusterId: text
        .optional()
        .describe('The expected cluster id: with any other, every command stops before it does anything'),
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
  names: { topic: knownTopics },
  references: [
    {
      head: 'kafka',
      fields: ['bootstrapServers'],
      component: 'kafka',
      needs: ({ topics: declared }) => ['server/kafka', ...declared.map(({ name }) => `topic/${name}`)],
    },
  ],
  // Kafka always: it also holds the ledger.
  components: (pipeline) => [{ component: kafkaComponent(pipeline), names: ['kafka'] }],
  servers: ['kafka'],
  step: 'kafka',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};
