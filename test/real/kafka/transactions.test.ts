import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { updateFeatures } from '../../../src/protocol/kafka/messages/update-features.js';
import { kafkaTransactions } from '../../matrix/kafka-transactions.js';
import { RawClient } from '../../support/kafka-raw-client.js';
import { type RealKafka, startRealKafka } from '../stack/kafka.js';

const SAFE_DOWNGRADE = 2;

let folder: string;
let kafka: RealKafka;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-transactions-'));
  kafka = await startRealKafka({ dataDir: folder });
});

afterAll(async () => {
  await kafka?.stop('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

describe('where what is written joins its transaction by itself (transaction.version 2)', () => {
  kafkaTransactions(() => kafka.bootstrapServers);
});

describe('where partitions and groups are added first (transaction.version 1)', () => {
  beforeAll(async () => {
    const raw = await RawClient.open(kafka.bootstrapServers);
    const update = { feature: 'transaction.version', maxVersionLevel: 1, upgradeType: SAFE_DOWNGRADE };
    const answer = await raw.send(updateFeatures, 1, { featureUpdates: [update] });
    raw.close();
    expect(answer).toMatchObject({ errorCode: 0 });
  });

  kafkaTransactions(() => kafka.bootstrapServers);
});
