import getPort from 'get-port';
import { startKafka } from '../../../src/embedded/kafka/index.js';
import { startRealKafka } from '../stack/kafka.js';

/** Brokers with Kafka's authorizer. On SASL_PLAINTEXT everybody logs in by PLAIN: `admin` may do everything, `ann` what ACLs say. */

const USERS = [
  { name: 'admin', password: 'admin-secret' },
  { name: 'ann', password: 'ann-secret' },
];
/** The real node talks to itself without logging in. */
const SUPER_USERS = 'User:admin;User:ANONYMOUS';

const CONFIG = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'auto.create.topics.enable': 'true',
};

export interface GuardedBroker {
  /** Where nobody logs in, and everybody may do everything. */
  readonly bootstrapServers: string;
  /** Of SASL_PLAINTEXT. */
  readonly address: string;
  stop(): Promise<void>;
}

export async function startOurs(dataDir: string): Promise<GuardedBroker> {
  const kafka = await startKafka({
    dataDir,
    config: { ...CONFIG, 'group.initial.rebalance.delay.ms': '0', 'super.users': SUPER_USERS },
    users: USERS,
    listeners: [{ name: 'SASL_PLAINTEXT', sasl: ['PLAIN'] }],
  });
  return {
    bootstrapServers: kafka.bootstrapServers,
    address: kafka.listeners.SASL_PLAINTEXT ?? '',
    stop: () => kafka.stop(),
  };
}

export async function startReal(dataDir: string): Promise<GuardedBroker> {
  const address = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
  const users = USERS.map(({ name, password }) => `user_${name}="${password}"`).join(' ');
  const kafka = await startRealKafka({
    dataDir,
    listeners: { SASL_PLAINTEXT: address },
    config: {
      ...CONFIG,
      'super.users': SUPER_USERS,
      'listener.name.sasl_plaintext.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.sasl_plaintext.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${users};`,
    },
  });
  return { bootstrapServers: kafka.bootstrapServers, address, stop: () => kafka.stop() };
}
