import { type Admin, CompressionTypes, type Consumer, Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { expect, it } from 'vitest';
import { waitUntil } from '../../src/support/retry.js';

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';

export interface KafkajsContext {
  readonly bootstrapServers: string;
  /** SASL_PLAINTEXT, where user `ann` has the password `secret`; SSL, SASL_SSL. */
  readonly listeners: Readonly<Record<string, string>>;
}

let names = 0;
const unique = (word: string): string => `${word}-${Date.now()}-${names++}`;

/** What kafkajs, which speaks old versions of most requests, does with a broker. */
export function kafkaKafkajs(context: () => KafkajsContext): void {
  const kafkaOf = (more: Partial<KafkaConfig> = {}): Kafka =>
    new Kafka({
      brokers: [context().bootstrapServers],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 20 },
      ...more,
    });

  const withAdmin = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = kafkaOf().admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  };

  const topicOf = async (partitions = 1): Promise<string> => {
    const topic = unique('kafkajs');
    await withAdmin((admin) =>
      admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true }),
    );
    return topic;
  };

  const until = (what: string, condition: () => boolean | Promise<boolean>): Promise<true> =>
    waitUntil(what, async () => (await condition()) || undefined, { timeoutMs: 40_000, maxPauseMs: 50 });

  const reading = async (consumer: Consumer, topic: string): Promise<string[]> => {
    const values: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) });
    return values;
  };

  it('creates, describes, changes and deletes topics', async () => {
    const topic = unique('a.b');
    await withAdmin(async (admin) => {
      const configEntries = [{ name: 'retention.ms', value: '5000' }];
      await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries }] });
      await expect(admin.createTopics({ topics: [{ topic: topic.replace('.', '_') }] })).rejects.toThrow();
      await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
      await until('three partitions', async () => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]?.partitions.length === 3;
      });
      const configNames = ['retention.ms', 'cleanup.policy'];
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: 2, name: topic, configEntries: [{ name: 'retention.ms', value: '7000' }] }],
      });
      await until('the change', async () => {
        const resources = [{ type: 2, name: topic, configNames }];
        const described = await admin.describeConfigs({ resources, includeSynonyms: false });
        const entries = described.resources[0]?.configEntries.map(({ configName, configValue }) => [
          configName,
          configValue,
        ]);
        return JSON.stringify(entries?.sort()) === '[["cleanup.policy","delete"],["retention.ms","7000"]]';
      });
      await admin.deleteTopics({ topics: [topic] });
      await until('the end of the topic', async () => !(await admin.listTopics()).includes(topic));
    });
  });

  it('reads what it wrote: keys, headers, tombstones, with and without gzip, every acks', async () => {
    const topic = await topicOf();
    const producer = kafkaOf().producer();
    await producer.connect();
    for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
      for (const acks of [0, 1, -1]) {
        const messages = [
          { key: 'k', value: `${compression} ${acks}`, headers: { h: 'x' } },
          { key: 'k', value: null },
        ];
        await producer.send({ topic, compression, acks, messages });
      }
    }
    await producer.disconnect();
    const consumer = kafkaOf().consumer({ groupId: unique('g'), maxWaitTimeInMs: 50 });
    const seen: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { key, value, headers } }) =>
        void seen.push(`${key}=${value} ${headers?.h?.toString() ?? ''}`),
    });
    await until('12 messages', () => seen.length === 12);
    await consumer.disconnect();
    const wanted = [0, 1].flatMap((codec) => [0, 1, -1].flatMap((acks) => [`k=${codec} ${acks} x`, 'k=null ']));
    expect(seen).toEqual(wanted);
  });

  it('tells offsets, by time too, and deletes records', async () => {
    const topic = await topicOf();
    const producer = kafkaOf().producer({ idempotent: true });
    await producer.connect();
    const start = Date.now() - 60_000;
    const messages = [0, 1000, 2000].map((later) => ({ value: 'v', timestamp: String(start + later) }));
    await producer.send({ topic, messages });
    await producer.disconnect();
    await withAdmin(async (admin) => {
      expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '3', high: '3', low: '0' }]);
      expect(await admin.fetchTopicOffsetsByTimestamp(topic, start + 500)).toEqual([{ partition: 0, offset: '1' }]);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
      expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '3', high: '3', low: '2' }]);
    });
  });

  it('shares a topic between the members of a group, which goes on where it committed', async () => {
    const topic = await topicOf(4);
    const groupId = unique('g');
    const producer = kafkaOf().producer({ idempotent: true });
    await producer.connect();
    const send = (from: number, count: number) =>
      producer.send({
        topic,
        messages: Array.from({ length: count }, (_, at) => ({ partition: at % 4, value: String(from + at) })),
      });
    await send(0, 40);
    const member = () =>
      kafkaOf().consumer({ maxWaitTimeInMs: 50, groupId, heartbeatInterval: 50, sessionTimeout: 10_000 });
    const [one, two] = [member(), member()];
    const first = await reading(one, topic);
    await until('all at one', () => first.length === 40);
    const second = await reading(two, topic);
    await withAdmin(async (admin) => {
      await until('two members', async () => {
        const [group] = (await admin.describeGroups([groupId])).groups;
        return group?.state === 'Stable' && group.members.length === 2;
      });
      await expect(admin.deleteGroups([groupId])).rejects.toThrow();
    });
    await send(40, 40);
    await until('all records', () => new Set([...first, ...second]).size === 80);
    expect(second.length).toBeGreaterThan(0);
    await one.disconnect();
    await two.disconnect();
    await send(80, 4);
    const third = member();
    const rest = await reading(third, topic);
    await until('the rest', () => rest.length >= 4);
    expect(rest.map(Number).sort((a, b) => a - b)).toEqual([80, 81, 82, 83]);
    await third.disconnect();
    await producer.disconnect();
    await withAdmin(async (admin) => {
      await until('an empty group', async () => (await admin.describeGroups([groupId])).groups[0]?.state === 'Empty');
      const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
      expect(offsets?.partitions.map(({ offset }) => offset)).toEqual(['21', '21', '21', '21']);
      await admin.deleteGroups([groupId]);
      expect((await admin.listGroups()).groups.map((group) => group.groupId)).not.toContain(groupId);
    });
  });

  it('shows readers of committed data only transactions that were committed', async () => {
    const topic = await topicOf(2);
    const group = unique('input');
    const producer = kafkaOf().producer({ idempotent: true, transactionalId: unique('tx'), maxInFlightRequests: 1 });
    await producer.connect();
    for (const outcome of ['commit', 'abort', 'commit'] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [0, 1].map((partition) => ({ partition, value: outcome })) });
      const offset = outcome === 'commit' ? '7' : '99';
      await transaction.sendOffsets({
        consumerGroupId: group,
        topics: [{ topic, partitions: [{ partition: 0, offset }] }],
      });
      await transaction[outcome]();
    }
    const open = await producer.transaction();
    await open.send({ topic, messages: [{ partition: 0, value: 'open' }] });
    const committed = kafkaOf().consumer({ maxWaitTimeInMs: 50, groupId: unique('c'), readUncommitted: false });
    const values = await reading(committed, topic);
    const all = kafkaOf().consumer({ maxWaitTimeInMs: 50, groupId: unique('u'), readUncommitted: true });
    const everything = await reading(all, topic);
    await until('everything', () => everything.length === 7);
    await until('what is committed', () => values.length >= 4);
    expect(values).toEqual(['commit', 'commit', 'commit', 'commit']);
    await open.abort();
    await withAdmin(async (admin) => {
      const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      expect(offsets?.partitions.find(({ partition }) => partition === 0)?.offset).toBe('7');
    });
    for (const client of [committed, all, producer]) await client.disconnect();
  });

  it('fences the older of two producers with one transactional id', async () => {
    const topic = await topicOf();
    const transactionalId = unique('tx');
    const start = async () => {
      const producer = kafkaOf().producer({
        idempotent: true,
        transactionalId,
        maxInFlightRequests: 1,
        retry: { retries: 1 },
      });
      await producer.connect();
      return producer;
    };
    const old = await start();
    const transaction = await old.transaction();
    await transaction.send({ topic, messages: [{ value: 'zombie' }] });
    const fresh = await start();
    const other = await fresh.transaction();
    await other.send({ topic, messages: [{ value: 'fresh' }] });
    await other.commit();
    await expect(transaction.commit()).rejects.toThrow();
    const consumer = kafkaOf().consumer({ maxWaitTimeInMs: 50, groupId: unique('c'), readUncommitted: false });
    const values = await reading(consumer, topic);
    await until('a value', () => values.length > 0);
    expect(values).toEqual(['fresh']);
    for (const client of [consumer, old, fresh]) await client.disconnect();
  });

  it('gets in with the password, by PLAIN and SCRAM, with and without TLS, and not without', async () => {
    const attempt = async (listener: string, mechanism: string | undefined, password: string) => {
      const sasl = { mechanism, username: 'ann', password } as unknown as NonNullable<KafkaConfig['sasl']>;
      const admin = kafkaOf({
        brokers: [context().listeners[listener] ?? ''],
        retry: { retries: 0 },
        ...(listener.includes('SSL') ? { ssl: { rejectUnauthorized: false } } : {}),
        ...(mechanism === undefined ? {} : { sasl }),
      }).admin();
      try {
        await admin.connect();
        await admin.listTopics();
      } finally {
        await admin.disconnect();
      }
    };
    for (const listener of ['SASL_PLAINTEXT', 'SASL_SSL']) {
      for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) await attempt(listener, mechanism, 'secret');
      await expect(attempt(listener, 'scram-sha-512', 'wrong')).rejects.toThrow();
      await expect(attempt(listener, undefined, '')).rejects.toThrow();
    }
    await expect(attempt('SASL_PLAINTEXT', 'plain', 'wrong')).rejects.toThrow();
    await attempt('SSL', undefined, '');
  });
}
