import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentQuery, FieldValue } from '../../../../src/clients/documents/contract.js';
import { topicDocuments } from '../../../../src/clients/documents/topic.js';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../../src/clients/kafka/contract.js';
import { ValueDecoder } from '../../../../src/clients/schema-registry/decode-value.js';
import { startTestKafka, type TestKafka } from '../../../support/kafka.js';

const { signal } = new AbortController();
let server: TestKafka;
let kafka: KafkaClient;

beforeAll(async () => {
  server = await startTestKafka();
  kafka = connectKafka({ bootstrapServers: server.bootstrapServers, clientId: 'test' });
});
afterAll(async () => {
  await kafka?.close();
  await server?.stop();
});

async function send(topic: string, ...records: readonly (readonly [key: string | null, value: string | null])[]) {
  const producer = kafka.producer();
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text));
  await producer.send(records.map(([key, value]) => ({ topic, key: bytes(key), value: bytes(value), headers: [] })));
  await producer.close();
}

const texts = (values: readonly FieldValue[]): string[] =>
  values.map((value) => ('text' in value ? value.text : value.kind));

describe('a topic as documents', () => {
  const client = () => topicDocuments(kafka, new ValueDecoder(undefined), signal);
  const query = (topic: string, paths: readonly string[], where: DocumentQuery['where'] = {}): DocumentQuery => ({
    collection: topic,
    paths,
    where,
  });

  async function all(from: ReturnType<typeof client>, asked: DocumentQuery): Promise<string[][]> {
    const found: string[][] = [];
    for await (const block of from.stream(asked, signal)) found.push(...block.map(({ values }) => texts(values)));
    return found.sort();
  }

  it('is the latest value of each key, without those that a tombstone ended, and reads on from where it was', async () => {
    const topic = 'persons';
    await kafka.createTopic({ name: topic, partitions: 3 });
    await send(topic, ['1', '{"name":"Ada"}'], ['2', '{"name":"Bo"}'], ['1', '{"name":"Eve"}'], ['3', '{"name":null}']);
    const persons = client();
    const asked = query(topic, ['key', 'name']);
    expect(await all(persons, asked)).toEqual([
      ['1', 'Eve'],
      ['2', 'Bo'],
      ['3', 'null'],
    ]);
    expect(await persons.estimate(topic)).toBe(4);
    await send(topic, ['2', null], ['4', '{}']);
    expect(await all(persons, asked)).toEqual([
      ['1', 'Eve'],
      ['3', 'null'],
      ['4', 'missing'],
    ]);
    const found = await persons.find(asked, [{ path: 'name', kind: 'text', texts: ['eve'] }]);
    expect(found.map(({ values }) => texts(values))).toEqual([['1', 'Eve']]);
  });

  it('counts each record without a key, keeps every digit, and leaves out what its where does not want', async () => {
    const topic = 'sums';
    await kafka.createTopic({ name: topic, partitions: 1 });
    await send(topic, [null, '{"sum":9007199254740993}'], [null, '{"sum":9007199254740993}'], ['a', '{"sum":1.50}']);
    expect(await all(client(), query(topic, ['sum']))).toEqual([['1.5'], ['9007199254740993'], ['9007199254740993']]);
    await send(topic, ['b', '{"sum":2,"deleted":false}'], ['c', '{"sum":3,"deleted":false}']);
    await send(topic, ['c', '{"sum":3,"deleted":true}']);
    expect(await all(client(), query(topic, ['key', 'sum'], { deleted: false }))).toEqual([['b', '2']]);
  });

  it('has no document where there is no topic', async () => {
    expect(await all(client(), query('nowhere', ['key']))).toEqual([]);
    expect(await client().estimate('nowhere')).toBe(0);
  });
});
