import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import getPort from 'get-port';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { Sasl } from '../../../src/clients/kafka/contract.js';
import { kafkajsSettings, kafkaOf } from '../../../src/kit/kafka-settings.js';
import { Lifetime } from '../../../src/support/lifetime.js';
import { type Ran, runIn } from '../../support/command-line.js';
import { downloadRealStack } from '../stack/download.js';
import { type IdentityServer, startIdentityServer } from '../stack/identity.js';
import { startRealKafka } from '../stack/kafka.js';

/** A real broker that lets in who has a token of this identity server, which it verifies by the server's public keys. */
const CLIENT = { id: 'orders', secret: 'a-secret-of-orders' };
const ALLOWED_URLS = 'org.apache.kafka.sasl.oauthbearer.allowed.urls';
const JAVA = 'org.apache.kafka.common.security.oauthbearer';
const LISTENER = 'listener.name.sasl_plaintext.oauthbearer.sasl';

const life = new Lifetime();
let folder: string;
let address: string;
let identity: IdentityServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-oauth-'));
  life.onEnd(() => rmSync(folder, { recursive: true, force: true }));
  identity = await startIdentityServer(CLIENT);
  life.onEnd(() => identity.stop());
  address = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
  const kafka = await startRealKafka({
    dataDir: join(folder, 'kafka'),
    listeners: { SASL_PLAINTEXT: address },
    properties: { [ALLOWED_URLS]: identity.jwks },
    config: {
      'listener.name.sasl_plaintext.sasl.enabled.mechanisms': 'OAUTHBEARER',
      [`${LISTENER}.jaas.config`]: `${JAVA}.OAuthBearerLoginModule required;`,
      [`${LISTENER}.server.callback.handler.class`]: `${JAVA}.OAuthBearerValidatorCallbackHandler`,
      'sasl.oauthbearer.jwt.validator.class': `${JAVA}.BrokerJwtValidator`,
      'sasl.oauthbearer.jwks.endpoint.url': identity.jwks,
      'sasl.oauthbearer.expected.audience': 'kafka',
    },
  });
  life.onEnd(() => kafka.stop());
});

afterAll(() => life.end());

const credentials = () => ({
  mechanism: 'oauthbearer' as const,
  tokenEndpoint: identity.tokenEndpoint,
  clientId: CLIENT.id,
  clientSecret: CLIENT.secret,
});

async function brokersSeen(sasl: Sasl): Promise<number> {
  const client = connectKafka({ bootstrapServers: address, sasl, clientId: 'test', requestTimeoutMs: 10_000 });
  try {
    return (await client.describeCluster()).brokers.length;
  } finally {
    await client.close();
  }
}

it('lets in a client with credentials for the token endpoint, and one with a token', async () => {
  expect(await brokersSeen(credentials())).toBe(1);
  expect(await brokersSeen({ mechanism: 'oauthbearer', token: identity.token({ sub: 'ann', aud: 'kafka' }) })).toBe(1);
});

it.each([
  ['for another audience', () => identity.token({ sub: 'ann', aud: 'registry' })],
  ['that has expired', () => identity.token({ sub: 'ann', aud: 'kafka', iat: 1_000, exp: 2_000 })],
  ['that is not signed', () => `${identity.token({ sub: 'ann', aud: 'kafka' }).replace(/[^.]*$/, '')}AAAA`],
])('refuses a token %s, and says so', async (_, token) => {
  await expect(brokersSeen({ mechanism: 'oauthbearer', token: token() })).rejects.toMatchObject({
    code: 'EVPIPE_KAFKA_SASL_AUTHENTICATION_FAILED',
  });
});

it('is applied to, and told to Java clients and to services in their own words', async () => {
  const kafka = { bootstrapServers: address, sasl: credentials() };
  const file = { version: 1, name: 'shop', topics: { orders: {} }, targets: { real: { kafka } } };
  writeFileSync(join(folder, 'evpipe.yaml'), JSON.stringify(file));
  const run = (...argv: string[]): Promise<Ran> => runIn(folder, process.env, ...argv, '--target', 'real');
  const applied = await run('apply');
  expect(applied.code, applied.out + applied.err).toBe(0);
  expect((await run('plan')).code).toBe(0);
  expect(applied.out + applied.err).not.toContain(CLIENT.secret);

  const properties = join(folder, 'client.properties');
  const { out: told } = await run('env', '--kafka', 'java');
  writeFileSync(properties, told);
  const option = /^# Run Java with (-D\S+)$/m.exec(told)?.[1];
  const { stdout } = await promisify(execFile)('java', [
    option ?? 'no option was told',
    ...['-cp', join(await downloadRealStack(), 'kafka', '*'), 'org.apache.kafka.tools.TopicCommand'],
    ...['--bootstrap-server', address, '--command-config', properties, '--list'],
  ]);
  expect(stdout.split('\n')).toContain('orders');

  const variables = JSON.parse((await run('env', '--output', 'json')).out) as Record<string, string>;
  const ofService = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name.replace('EVPIPE_', ''), value]),
  );
  const settings = kafkajsSettings(kafkaOf(ofService.KAFKA_BOOTSTRAP_SERVERS ?? '', ofService));
  const admin = new Kafka({ ...settings, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  expect(await admin.listTopics()).toContain('orders');
  await admin.disconnect();
});
