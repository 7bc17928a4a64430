import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClientOptions } from '../../../../src/clients/kafka/contract.js';
import { startTestKafka, type TestKafka } from '../../../support/kafka.js';

let kafka: TestKafka;
/** A certificate for localhost that is its own authority, valid for a hundred years. */
const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/tls/${name}`, import.meta.url), 'utf8');
const ca = fixture('cert.pem');

beforeAll(async () => {
  kafka = await startTestKafka({ listeners: [{ name: 'TLS', tls: { key: fixture('key.pem'), cert: ca } }] });
});

afterAll(() => kafka.stop());

async function ask(listener: string, options: Partial<KafkaClientOptions>): Promise<string> {
  const bootstrapServers = kafka.listeners[listener] ?? '';
  const client = connectKafka({ bootstrapServers, clientId: 'test', requestTimeoutMs: 2_000, ...options });
  try {
    return (await client.describeCluster()).clusterId;
  } finally {
    await client.close();
  }
}

describe('a listener with TLS', () => {
  test('is trusted by the authority that is given, and not without it', async () => {
    expect(await ask('TLS', { ssl: { ca } })).not.toBe('');
    await expect(ask('TLS', { ssl: true })).rejects.toMatchObject({ code: 'EVPIPE_KAFKA_TLS' });
  });
});
