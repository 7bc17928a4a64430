import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningKafka, startKafka } from '../../../../src/embedded/kafka/index.js';
import { kafkaKafkajs } from '../../../matrix/kafka-kafkajs.js';
import { TestBroker } from './running-broker.js';

describe('kafkajs on the embedded broker', () => {
  let dataDir: string;
  let kafka: RunningKafka;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'evpipe-kafkajs-'));
    const pem = (name: string) => readFileSync(new URL(`../../../fixtures/tls/${name}`, import.meta.url), 'utf8');
    const tls = { key: pem('key.pem'), cert: pem('cert.pem') };
    const sasl = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
    const listeners = [
      { name: 'SASL_PLAINTEXT', sasl },
      { name: 'SSL', tls },
      { name: 'SASL_SSL', tls, sasl },
    ];
    kafka = await startKafka({ dataDir, listeners, users: [{ name: 'ann', password: 'secret' }] });
  });

  afterAll(async () => {
    await kafka?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  kafkaKafkajs(() => kafka);

  it('finds topics again after a restart', async () => {
    const broker = await TestBroker.start();
    const withAdmin = async (work: (admin: Admin) => Promise<void>): Promise<void> => {
      const admin = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      await work(admin).finally(() => admin.disconnect());
    };
    await withAdmin(async (admin) => {
      await admin.createTopics({ topics: [{ topic: 'kept' }] });
    });
    await broker.restart();
    await withAdmin(async (admin) => expect(await admin.listTopics()).toEqual(['kept']));
  });
});
