import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../../src/clients/kafka/contract.js';
import { freshName, startTestKafka, type TestKafka } from '../../../support/kafka.js';

let kafka: TestKafka;
let client: KafkaClient;

beforeAll(async () => {
  kafka = await startTestKafka();
  client = connectKafka({ bootstrapServers: kafka.bootstrapServers, clientId: 'test' });
});

afterAll(async () => {
  await client.close();
  await kafka.stop();
});

test('a producer and a reader live through restarts: nothing is lost, doubled or out of order', async () => {
  const topic = freshName();
  await client.createTopic({ name: topic, partitions: 2 });
  const producer = client.producer();
  const reader = client.reader({ from: await client.offsets(topic, 'earliest') });
  const total = 6_000;
  const seen: number[][] = [[], []];
  const reading = (async () => {
    let count = 0;
    for await (const { records } of reader) {
      for (const { partition, value } of records) seen[partition]?.push(Number(value?.toString()));
      count += records.length;
      if (count >= total) return;
    }
  })();
  const restarts = (async () => {
    for (let round = 0; round < 3; round++) await kafka.restart();
  })();
  for (let n = 0; n < total; n++) {
    producer.append({ topic, partition: n % 2, key: null, value: Buffer.from(`${n}`) });
    if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1)); // the restarts fall into the middle
  }
  await restarts;
  await producer.flush();
  await reading;
  for (const partition of [0, 1]) {
    expect(seen[partition]).toEqual(Array.from({ length: total / 2 }, (_, index) => 2 * index + partition));
  }
  await reader.close();
  await producer.close();
});

test('a question that is asked during an outage is answered after it', async () => {
  const topic = freshName();
  await kafka.halt();
  const made = client.createTopic({ name: topic, partitions: 1 });
  const sent = client.producer().send([{ topic, key: null, value: Buffer.from('x') }]);
  await kafka.resume();
  await made;
  expect(await sent).toEqual([{ topic, partition: 0, offset: 0n }]);
});

test('an outage that lasts ends a producer with the reason, and a reader can go on after it', async () => {
  const impatient = connectKafka({
    bootstrapServers: kafka.bootstrapServers,
    clientId: 'test',
    requestTimeoutMs: 400,
  });
  const topic = freshName();
  await client.createTopic({ name: topic, partitions: 1 });
  const producer = impatient.producer();
  await producer.send([{ topic, key: null, value: Buffer.from('before') }]);
  const reader = impatient.reader({ from: [{ topic, partition: 0, offset: 1n }], maxWaitMs: 100 });
  const first = reader[Symbol.asyncIterator]().next();
  const failed = expect(first).rejects.toMatchObject({ code: 'EVPIPE_KAFKA_UNREACHABLE', kind: 'unreachable' });
  await kafka.halt();
  producer.append({ topic, key: null, value: Buffer.from('lost') });
  await expect(producer.flush()).rejects.toMatchObject({ kind: 'unreachable' });
  await failed;
  await kafka.resume();
  const next = client.producer();
  await next.send([{ topic, key: null, value: Buffer.from('after') }]);
  const texts: string[] = [];
  while (texts.length === 0) {
    try {
      for await (const { records } of reader) {
        texts.push(...records.map(({ value }) => `${value}`));
        if (texts.length > 0) break;
      }
    } catch {
      // the outage may be told more than once
    }
  }
  expect(texts).toEqual(['after']);
  await next.close();
  await impatient.close();
});
