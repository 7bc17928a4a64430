import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import { endsOf, groupStage } from '../../../src/consistency/stages.js';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { repartitionTopics } from '../../../src/kinds/flow/group-lag.js';

const GROUP = '_confluent-ksql-shop_query_CTAS_TENS_1';
const BETWEEN = `${GROUP}-Aggregate-GroupBy-repartition`;

const folder = mkdtempSync(join(tmpdir(), 'evpipe-stage-'));
let server: RunningKafka;
let kafka: KafkaClient;

beforeAll(async () => {
  server = await startKafka({ dataDir: folder });
  kafka = connectKafka({ bootstrapServers: server.bootstrapServers, clientId: 'test' });
  for (const name of ['orders', BETWEEN]) await kafka.createTopic({ name, partitions: 1 });
});
afterAll(async () => {
  await kafka.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function write(topic: string, count: number): Promise<void> {
  const producer = kafka.producer();
  await producer.send(Array.from({ length: count }, () => ({ topic, key: Buffer.from('k'), value: null })));
  await producer.close();
}

const commit = (topic: string, offset: bigint) => kafka.commitOffsets(GROUP, [{ topic, partition: 0, offset }]);

it('a query has passed a fence when its last part has, not when its first part has read it', async () => {
  const stage = groupStage(
    {
      kind: 'query',
      name: 'CTAS_TENS_1',
      group: GROUP,
      reads: ['orders'],
      between: async () => (await repartitionTopics(kafka))(GROUP),
      handsOn: { topics: [], queues: [] },
      trouble: async () => undefined,
    },
    kafka,
  );
  await write('orders', 3);
  const fence = await endsOf(kafka, ['orders']);
  expect(await stage.progress(fence)).toMatchObject({ reached: false, behind: '3 records behind' });
  await write(BETWEEN, 2);
  await commit('orders', 3n);
  expect(await stage.progress(fence)).toMatchObject({ reached: false, behind: '2 records behind' });
  // What is sent after that is of later rows.
  await write(BETWEEN, 5);
  await commit(BETWEEN, 1n);
  expect(await stage.progress(fence)).toMatchObject({ reached: false, behind: '1 record behind' });
  await commit(BETWEEN, 2n);
  expect(await stage.progress(fence)).toMatchObject({ reached: true });
});
