import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClient, KafkaRecord, OutgoingRecord, RecordReader } from '../../../../src/clients/kafka/contract.js';
import { readToEnd } from '../../../../src/clients/kafka/read-topic.js';
import { waitUntil } from '../../../../src/support/retry.js';
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

async function topicOf(partitions = 1, config: Record<string, string> = {}): Promise<string> {
  const name = freshName();
  await client.createTopic({ name, partitions, config });
  return name;
}

const textRecord = (topic: string, text: string, more: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  topic,
  key: null,
  value: Buffer.from(text),
  ...more,
});

async function allOf(topic: string): Promise<KafkaRecord[]> {
  const records: KafkaRecord[] = [];
  for await (const batch of readToEnd(client, topic)) records.push(...batch.records);
  return records;
}

const texts = (records: readonly KafkaRecord[]) => records.map(({ value }) => value?.toString());

async function take(reader: RecordReader, count: number): Promise<KafkaRecord[]> {
  const records: KafkaRecord[] = [];
  for await (const batch of reader) {
    records.push(...batch.records);
    if (records.length >= count) return records;
  }
  return records;
}

test('reading to the end leaves what is appended meanwhile to whoever goes on from there', async () => {
  const topic = await topicOf();
  await client.producer().send([textRecord(topic, 'before')]);
  const busy: KafkaClient = Object.create(client, {
    offsets: {
      value: async (...args: Parameters<KafkaClient['offsets']>) => {
        const found = await client.offsets(...args);
        if (args[1] === 'latest') await client.producer().send([textRecord(topic, 'meanwhile')]);
        return found;
      },
    },
  });
  let from = await client.offsets(topic, 'earliest');
  const found: KafkaRecord[] = [];
  for (let round = 0; round < 2; round++)
    for await (const { records, partition, nextOffset: offset } of readToEnd(busy, topic, { from })) {
      found.push(...records);
      from = [{ topic, partition, offset }];
    }
  expect(texts(found)).toEqual(['before', 'meanwhile']);
});

describe('topics', () => {
  test('are made, described, grown and deleted', async () => {
    const name = await topicOf(2, { 'retention.ms': '1000000' });
    const described = await client.describeTopic(name);
    expect(described).toMatchObject({ name, internal: false });
    expect(described?.partitions.map(({ partition }) => partition)).toEqual([0, 1]);
    expect((await client.listTopics()).map((topic) => topic.name)).toContain(name);
    await client.createPartitions(name, 4);
    await waitUntil(
      'four partitions',
      async () => (await client.describeTopic(name))?.partitions.length === 4 || undefined,
      {
        timeoutMs: 10_000,
      },
    );
    await client.deleteTopic(name);
    await waitUntil('the topic to be gone', async () => (await client.describeTopic(name)) === undefined || undefined, {
      timeoutMs: 10_000,
    });
  });

  test('tell their settings, and which of them are their own', async () => {
    const name = await topicOf(1, { 'retention.ms': '1000000' });
    const own = async () =>
      Object.fromEntries(
        (await client.topicConfig(name))
          .filter(({ source }) => source === 'topic')
          .map((entry) => [entry.name, entry.value]),
      );
    expect(await own()).toEqual({ 'retention.ms': '1000000' });
    await client.alterTopicConfig(name, { 'retention.ms': null, 'max.message.bytes': '2000000' });
    await waitUntil('the change', async () => (await own())['max.message.bytes'] === '2000000' || undefined, {
      timeoutMs: 10_000,
    });
    expect(await own()).toEqual({ 'max.message.bytes': '2000000' });
  });

  test('that are there or not there say so in their error', async () => {
    const name = await topicOf();
    await expect(client.createTopic({ name, partitions: 1 })).rejects.toMatchObject({
      code: 'EVPIPE_KAFKA_TOPIC_ALREADY_EXISTS',
    });
    await expect(client.deleteTopic('no-such-topic')).rejects.toMatchObject({
      code: 'EVPIPE_KAFKA_UNKNOWN_TOPIC_OR_PARTITION',
    });
    await expect(client.offsets('no-such-topic', 'latest')).rejects.toMatchObject({
      code: 'EVPIPE_KAFKA_UNKNOWN_TOPIC_OR_PARTITION',
    });
    expect(await client.describeTopic('no-such-topic')).toBeUndefined();
  });
});

describe('offsets', () => {
  test('are found by position and by time, and move when records are deleted', async () => {
    const topic = await topicOf();
    const producer = client.producer();
    await producer.send([1000, 2000, 3000].map((timestampMs) => textRecord(topic, 'x', { timestampMs })));
    const offset = async (at: Parameters<KafkaClient['offsets']>[1]) => (await client.offsets(topic, at))[0]?.offset;
    expect(await offset('earliest')).toBe(0n);
    expect(await offset('latest')).toBe(3n);
    expect(await offset({ timestampMs: 1500 })).toBe(1n);
    expect(await offset({ timestampMs: 9000 })).toBe(3n);
    await client.deleteRecords([{ topic, partition: 0, offset: 2n }]);
    expect(await offset('earliest')).toBe(2n);
    await producer.close();
  });

  test('are committed for a group without joining it', async () => {
    const topic = await topicOf(2);
    const group = freshName('group');
    expect(await client.committedOffsets(group)).toEqual([]);
    expect((await client.describeGroup(group)).state).toBe('Dead');
    const positions = [
      { topic, partition: 0, offset: 5n },
      { topic, partition: 1, offset: 7n },
    ];
    await client.commitOffsets(group, positions);
    const committed = await client.committedOffsets(group, [topic]);
    expect([...committed].sort((a, b) => a.partition - b.partition)).toEqual(positions);
    expect(await client.committedOffsets(group, ['another'])).toEqual([]);
    expect((await client.listGroups()).map((each) => each.group)).toContain(group);
    expect(await client.describeGroup(group)).toMatchObject({ group, state: 'Empty', members: [] });
    await client.deleteGroup(group);
    expect(await client.committedOffsets(group)).toEqual([]);
  });
});

describe('a producer', () => {
  test('keeps keys, values, headers and times, and gives the offsets', async () => {
    const topic = await topicOf(2);
    const producer = client.producer();
    const positions = await producer.send([
      textRecord(topic, 'a', {
        partition: 1,
        key: Buffer.from('k'),
        timestampMs: 12345,
        headers: [
          ['h', Buffer.from('v')],
          ['n', null],
        ],
      }),
      { topic, partition: 1, key: Buffer.from('gone'), value: null },
    ]);
    expect(positions).toEqual([
      { topic, partition: 1, offset: 0n },
      { topic, partition: 1, offset: 1n },
    ]);
    const [first, second] = await allOf(topic);
    expect(first).toMatchObject({
      key: Buffer.from('k'),
      timestampMs: 12345,
      headers: [
        ['h', Buffer.from('v')],
        ['n', null],
      ],
    });
    expect(second).toMatchObject({ key: Buffer.from('gone'), value: null, headers: [] });
    await producer.close();
  });

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('compresses with %s', async (compression) => {
    const topic = await topicOf();
    const producer = client.producer({ compression });
    for (let n = 0; n < 500; n++) producer.append(textRecord(topic, `${n} ${'x'.repeat(200)}`));
    await producer.flush();
    const records = await allOf(topic);
    expect(records).toHaveLength(500);
    expect(texts(records)[499]).toBe(`499 ${'x'.repeat(200)}`);
    await producer.close();
  });

  test('puts a key where all clients put it, and records without one in turn', async () => {
    const topic = await topicOf(3);
    const producer = client.producer();
    for (let n = 0; n < 40; n++) await producer.send([textRecord(topic, 'keyless')]);
    await producer.send([textRecord(topic, 'keyed', { key: Buffer.from('21') })]);
    const records = await allOf(topic);
    expect(records.find(({ key }) => key !== null)?.partition).toBe((-973932308 & 0x7fffffff) % 3);
    expect(new Set(records.filter(({ key }) => key === null).map(({ partition }) => partition)).size).toBe(3);
    await producer.close();
  });

  test('keeps the order over many batches', async () => {
    const topic = await topicOf();
    const producer = client.producer({ maxBatchBytes: 2_000, bufferBytes: 20_000 });
    for (let n = 0; n < 5_000; n++) {
      producer.append(textRecord(topic, `${n}`));
      const room = producer.room();
      if (room !== undefined) await room;
    }
    await producer.close();
    expect(texts(await allOf(topic))).toEqual(Array.from({ length: 5_000 }, (_, n) => `${n}`));
  });

  test('finds partitions that were added since it last looked, and says where there is none', async () => {
    const topic = await topicOf();
    const producer = client.producer();
    await producer.send([textRecord(topic, 'a')]);
    await client.createPartitions(topic, 3);
    await waitUntil(
      'three partitions',
      async () => (await client.describeTopic(topic))?.partitions.length === 3 || undefined,
      {
        timeoutMs: 10_000,
      },
    );
    expect(await producer.send([textRecord(topic, 'b', { partition: 2 })])).toEqual([
      { topic, partition: 2, offset: 0n },
    ]);
    producer.append(textRecord(topic, 'c', { partition: 3 }));
    await expect(producer.flush()).rejects.toMatchObject({
      code: 'EVPIPE_KAFKA_UNKNOWN_TOPIC_OR_PARTITION',
      message: expect.stringContaining('no partition 3, only 3 of them'),
    });
    await producer.close();
  });

  test('halves a batch that the topic refuses as too large', async () => {
    const topic = await topicOf(1, { 'max.message.bytes': '3000' });
    const producer = client.producer();
    const positions = await producer.send(Array.from({ length: 20 }, (_, n) => textRecord(topic, `${n}`.repeat(250))));
    expect(positions.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, n) => BigInt(n)));
    await producer.close();
  });

  test('that lost a record says so at every flush', async () => {
    const topic = await topicOf(1, { 'max.message.bytes': '3000' });
    const producer = client.producer();
    producer.append(textRecord(topic, 'x'.repeat(10_000)));
    await expect(producer.flush()).rejects.toMatchObject({ code: 'EVPIPE_KAFKA_MESSAGE_TOO_LARGE' });
    producer.append(textRecord(topic, 'small'));
    await expect(producer.flush()).rejects.toMatchObject({ code: 'EVPIPE_KAFKA_MESSAGE_TOO_LARGE' });
    await expect(producer.room()).rejects.toMatchObject({ code: 'EVPIPE_KAFKA_MESSAGE_TOO_LARGE' });
    expect(await allOf(topic)).toEqual([]);
    await producer.close();
  });

  test('goes on with a topic that was made again under its name', async () => {
    const topic = await topicOf();
    const producer = client.producer();
    await producer.send([textRecord(topic, 'old'), textRecord(topic, 'old')]);
    await client.deleteTopic(topic);
    await waitUntil(
      'the topic to be gone',
      async () => (await client.describeTopic(topic)) === undefined || undefined,
      {
        timeoutMs: 10_000,
      },
    );
    await client.createTopic({ name: topic, partitions: 1 });
    await producer.send([textRecord(topic, 'new')]);
    await producer.send([textRecord(topic, 'newer')]);
    expect(texts(await allOf(topic))).toEqual(['new', 'newer']);
    await producer.close();
  });
});

describe('a reader', () => {
  test('follows what is written, and takes partitions on and off while it runs', async () => {
    const topic = await topicOf(2);
    const producer = client.producer();
    const reader = client.reader({ from: [{ topic, partition: 0, offset: 0n }] });
    await producer.send([textRecord(topic, 'a', { partition: 0 }), textRecord(topic, 'b', { partition: 1 })]);
    expect(texts(await take(reader, 1))).toEqual(['a']);
    expect(reader.position(topic, 0)).toBe(1n);
    expect(reader.position(topic, 1)).toBeUndefined();
    reader.assign([{ topic, partition: 1, offset: 0n }]);
    expect(texts(await take(reader, 1))).toEqual(['b']);
    reader.unassign([{ topic, partition: 0 }]);
    await producer.send([textRecord(topic, 'c', { partition: 0 }), textRecord(topic, 'd', { partition: 1 })]);
    expect(texts(await take(reader, 1))).toEqual(['d']);
    reader.assign([{ topic, partition: 1, offset: 0n }]);
    expect(texts(await take(reader, 2))).toEqual(['b', 'd']);
    await reader.close();
    await producer.close();
  });

  test('gets past a record that is larger than its fetch', async () => {
    const topic = await topicOf();
    const producer = client.producer();
    await producer.send([textRecord(topic, 'x'.repeat(100_000)), textRecord(topic, 'after')]);
    const reader = client.reader({
      from: [{ topic, partition: 0, offset: 0n }],
      maxPartitionBytes: 1_000,
      maxBytes: 1_000,
    });
    expect((await take(reader, 2)).map(({ value }) => value?.length)).toEqual([100_000, 5]);
    await reader.close();
    await producer.close();
  });

  test('says where it had to skip to, or fails where that is asked for', async () => {
    const topic = await topicOf();
    const producer = client.producer();
    await producer.send(['a', 'b', 'c'].map((text) => textRecord(topic, text)));
    await client.deleteRecords([{ topic, partition: 0, offset: 2n }]);
    const from = [{ topic, partition: 0, offset: 0n }];
    const reader = client.reader({ from });
    for await (const batch of reader) {
      expect(batch).toMatchObject({ skippedTo: 2n, nextOffset: 3n });
      expect(texts(batch.records)).toEqual(['c']);
      break;
    }
    await reader.close();
    const strict = client.reader({ from, onOutOfRange: 'error' });
    await expect(take(strict, 1)).rejects.toMatchObject({ code: 'EVPIPE_KAFKA_OFFSET_OUT_OF_RANGE' });
    await strict.close();
    await producer.close();
  });

  test('starts over with a topic that was made again under its name', async () => {
    const topic = await topicOf();
    const producer = client.producer();
    await producer.send(['a', 'b'].map((text) => textRecord(topic, text)));
    const reader = client.reader({ from: [{ topic, partition: 0, offset: 0n }] });
    expect(await take(reader, 2)).toHaveLength(2);
    await client.deleteTopic(topic);
    await waitUntil(
      'the topic to be gone',
      async () => (await client.describeTopic(topic)) === undefined || undefined,
      {
        timeoutMs: 10_000,
      },
    );
    await client.createTopic({ name: topic, partitions: 1 });
    await producer.send(['c', 'd', 'e'].map((text) => textRecord(topic, text)));
    for await (const batch of reader) {
      expect(batch.skippedTo).toBe(0n);
      expect(texts(batch.records)[0]).toBe('c');
      break;
    }
    await reader.close();
    await producer.close();
  });

  test('ends when it is closed, and throws the reason when its signal is aborted', async () => {
    const topic = await topicOf();
    const reader = client.reader({ from: [{ topic, partition: 0, offset: 0n }] });
    const ended = take(reader, 1);
    await reader.close();
    expect(await ended).toEqual([]);
    const abort = new AbortController();
    const second = client.reader({ from: [{ topic, partition: 0, offset: 0n }], signal: abort.signal });
    const aborted = expect(take(second, 1)).rejects.toThrow('enough');
    abort.abort(new Error('enough'));
    await aborted;
    await second.close();
  });
});

test('a Kafka that is not there is unreachable, within the time given', async () => {
  const nowhere = connectKafka({ bootstrapServers: '127.0.0.1:1', clientId: 'test', requestTimeoutMs: 300 });
  await expect(nowhere.describeCluster()).rejects.toMatchObject({
    code: 'EVPIPE_KAFKA_UNREACHABLE',
    kind: 'unreachable',
  });
  await nowhere.close();
});
