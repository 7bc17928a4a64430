import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import getPort from 'get-port';
import { startKafka } from '../../../src/embedded/kafka/index.js';
import { errorName } from '../../../src/protocol/kafka/errors.js';
import { alterUserScramCredentials } from '../../../src/protocol/kafka/messages/alter-user-scram-credentials.js';
import { waitUntil } from '../../../src/support/retry.js';
import { RawClient } from '../../support/kafka-raw-client.js';
import { startRealKafka } from '../stack/kafka.js';
import { repositoryFolder } from '../stack/repository.js';

/** What a behaviour suite gets to know of the broker it runs on. */
export interface BrokerUnderTest {
  readonly bootstrapServers: string;
  /** host:port of SASL_PLAINTEXT, SSL and SASL_SSL; user `ann` with password `secret` by PLAIN and both SCRAMs. */
  readonly listeners: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Everything that happens by itself happens soon. */
const CONFIG = {
  'num.partitions': '2',
  'log.retention.check.interval.ms': '300',
  'log.cleaner.backoff.ms': '100',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200',
  'group.min.session.timeout.ms': '1000',
  'group.consumer.min.heartbeat.interval.ms': '200',
  'group.consumer.heartbeat.interval.ms': '300',
};

const SECRET = { name: 'ann', password: 'secret' } as const;
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

/** A file of test/fixtures/tls. */
export const pem = (name: string): Promise<string> =>
  readFile(join(repositoryFolder, 'test/fixtures/tls', name), 'utf8');

export async function startOurs(dataDir: string): Promise<BrokerUnderTest> {
  const tls = { key: await pem('key.pem'), cert: await pem('cert.pem') };
  return startKafka({
    dataDir,
    config: CONFIG,
    users: [SECRET],
    listeners: [
      { name: 'SASL_PLAINTEXT', sasl: MECHANISMS },
      { name: 'SSL', tls },
      { name: 'SASL_SSL', tls, sasl: MECHANISMS },
    ],
  });
}

export async function startReal(dataDir: string): Promise<BrokerUnderTest> {
  const names = ['SASL_PLAINTEXT', 'SSL', 'SASL_SSL'];
  const ports = await Promise.all(names.map(() => getPort({ host: '127.0.0.1' })));
  const listeners = Object.fromEntries(names.map((name, at) => [name, `127.0.0.1:${ports[at]}`]));
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule';
  const sasl = ['sasl_plaintext', 'sasl_ssl'].flatMap((name) => [
    [`listener.name.${name}.sasl.enabled.mechanisms`, MECHANISMS.join(',')],
    [`listener.name.${name}.plain.sasl.jaas.config`, `${plain} required user_${SECRET.name}="${SECRET.password}";`],
    [`listener.name.${name}.scram-sha-256.sasl.jaas.config`, `${scram} required;`],
    [`listener.name.${name}.scram-sha-512.sasl.jaas.config`, `${scram} required;`],
  ]);
  const kafka = await startRealKafka({
    dataDir,
    listeners,
    config: {
      ...CONFIG,
      'log.initial.task.delay.ms': '100',
      ...Object.fromEntries(sasl),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.key': await pem('key.pem'),
      'ssl.keystore.certificate.chain': await pem('cert.pem'),
    },
  });
  await addScramUser(kafka.bootstrapServers);
  return { bootstrapServers: kafka.bootstrapServers, listeners, stop: () => kafka.stop() };
}

async function addScramUser(bootstrapServers: string): Promise<void> {
  const iterations = 4096;
  const upsertions = (['sha256', 'sha512'] as const).map((digest, at) => {
    const salt = randomBytes(16);
    const saltedPassword = pbkdf2Sync(SECRET.password, salt, iterations, digest === 'sha256' ? 32 : 64, digest);
    return { name: SECRET.name, mechanism: at + 1, iterations, salt, saltedPassword };
  });
  const client = await RawClient.open(bootstrapServers);
  // One a request: Kafka alters a user only once in each.
  for (const upsertion of upsertions) {
    const add = async (): Promise<true> => {
      const { results } = await client.send(alterUserScramCredentials, 0, { upsertions: [upsertion] });
      const failed = results.find(({ errorCode }) => errorCode !== 0);
      if (failed !== undefined) throw new Error(errorName(failed.errorCode));
      return true;
    };
    await waitUntil('the SCRAM user', add, { timeoutMs: 30_000 });
  }
  client.close();
}
