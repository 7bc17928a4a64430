import { createHash } from 'node:crypto';
import type { KafkaAccess } from '../../clients/kafka/contract.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { type Component, HOST, server } from '../../targets/component.js';
import { embeddedProgram } from '../../targets/embedded-program.js';
import type { PipelineSecrets } from '../../targets/secrets.js';
import { kafkaAddress } from './address.js';

declare module '../../targets/component.js' {
  interface ComponentKinds {
    readonly kafka: { readonly endpoint: KafkaEndpoint; readonly launch: undefined; readonly address: KafkaEndpoint };
  }
}

/** Files by absolute paths. */
export interface KafkaEndpoint extends KafkaAccess {
  /** No other cluster is meant. */
  readonly clusterId?: string | undefined;
}

export const kafkaComponent = ({ name, target }: Pick<Pipeline, 'name' | 'target'>): Component<'kafka'> => ({
  ...server('kafka'),
  placed: target.kafka,
  address: kafkaAddress,
  embedded: {
    process: 'kafka',
    port: 9092,
    layer: 0,
    protocol: 'kafka',
    stopTimeoutMs: 10_000,
    launch: ({ dataDir, secrets }) => embeddedProgram('kafka', { dataDir, ...guarded(secrets.login('kafka')) }),
    endpoint: (port, secrets) => {
      const login = secrets.login('kafka');
      return {
        bootstrapServers: `${HOST}:${port}`,
        ...(login !== undefined && { sasl: { mechanism: 'scram-sha-256', ...login } }),
      };
    },
  },
  compose: {
    container: 'kafka',
    source: { fragment: 'kafka' },
    ports: { KAFKA_PORT: { preferred: 9092, inside: 9092 } },
    // Not the port that is published: the broker tells clients of this listener another address.
    endpoint: (published) => ({
      host: { bootstrapServers: `${HOST}:${published('KAFKA_PORT').host.port}` },
      inside: { bootstrapServers: 'kafka:19092' },
    }),
    variables: (project) => ({ KAFKA_CLUSTER_ID: clusterId(project) }),
    // Servers in containers reach an unprotected Kafka only. On a foreign one their names carry the pipeline's.
    told: ({ bootstrapServers, ssl, sasl, replication }, isForeign) =>
      (ssl || sasl) !== undefined
        ? undefined
        : {
            KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
            TOPIC_PREFIX: isForeign ? `_evpipe_${name}_` : '',
            GROUP_PREFIX: isForeign ? `${name}_` : '',
            REPLICATION: replication === undefined ? '' : String(replication),
            REPLICATION_OR_DEFAULT: String(replication ?? -1),
          },
  },
});

/** What the broker is started with where it asks for a login. */
const guarded = (login: ReturnType<PipelineSecrets['login']>) =>
  login === undefined
    ? {}
    : { sasl: ['SCRAM-SHA-256', 'PLAIN'], users: [{ name: login.username, password: login.password }] };

/** Any 16 bytes as Kafka writes them, the same for the same project; the first letter is never a dash. */
function clusterId(project: string): string {
  const bytes = createHash('sha256').update(project).digest().subarray(0, 16);
  bytes[0] = 0;
  return bytes.toString('base64url');
}
