import { type Admin, type Consumer, Kafka, logLevel } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { TestBroker } from './running-broker.js';

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';

const kafkaOf = (broker: TestBroker): Kafka =>
  new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20 } });

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('waited 30 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function reading(consumer: Consumer, topic: string): Promise<string[]> {
  const values: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(String(message.value));
    },
  });
  return values;
}

const withAdmin = async <T>(broker: TestBroker, work: (admin: Admin) => Promise<T>): Promise<T> => {
  const admin = kafkaOf(broker).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
};

describe('kafkajs on the embedded broker', () => {
  it('creates, describes, changes and deletes topics', async () => {
    const broker = await TestBroker.start();
    await withAdmin(broker, async (admin) => {
      await admin.createTopics({
        topics: [{ topic: 'a.b', numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '5000' }] }],
      });
      await expect(admin.createTopics({ topics: [{ topic: 'a_b' }] })).rejects.toThrow();
      await admin.createPartitions({ topicPartitions: [{ topic: 'a.b', count: 3 }] });
      const { topics } = await admin.fetchTopicMetadata({ topics: ['a.b'] });
      expect(topics[0]?.partitions).toHaveLength(3);
      const { resources } = await admin.describeConfigs({
        resources: [{ type: 2, name: 'a.b', configNames: ['retention.ms', 'cleanup.policy'] }],
        includeSynonyms: false,
      });
      expect(
        resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]).sort(),
      ).toEqual([
        ['cleanup.policy', 'delete'],
        ['retention.ms', '5000'],
      ]);
    });
    await broker.restart();
    await withAdmin(broker, async (admin) => {
      expect(await admin.listTopics()).toEqual(['a.b']);
      await admin.deleteTopics({ topics: ['a.b'] });
      expect(await admin.listTopics()).toEqual([]);
    });
  });

  it('shares a topic between the members of a group, and goes on where it committed', async () => {
    const broker = await TestBroker.start();
    const kafka = kafkaOf(broker);
    await withAdmin(broker, (admin) => admin.createTopics({ topics: [{ topic: 't', numPartitions: 4 }] }));
    const producer = kafka.producer({ idempotent: true });
    await producer.connect();
    const send = (from: number, count: number) =>
      producer.send({
        topic: 't',
        messages: Array.from({ length: count }, (_, at) => ({ partition: at % 4, value: String(from + at) })),
      });
    await send(0, 100);
    const [one, two] = [1, 2].map(() =>
      kafka.consumer({ maxWaitTimeInMs: 50, groupId: 'g', heartbeatInterval: 50, sessionTimeout: 10_000 }),
    );
    if (one === undefined || two === undefined) throw new Error('two consumers');
    const first = await reading(one, 't');
    await until(() => first.length === 100);
    const second = await reading(two, 't');
    await withAdmin(broker, (admin) =>
      until(async () => {
        const [group] = (await admin.describeGroups(['g'])).groups;
        return group?.state === 'Stable' && group.members.length === 2;
      }),
    );
    await send(100, 100);
    await until(() => new Set([...first, ...second]).size === 200);
    await one.disconnect();
    await two.disconnect();
    await broker.restart();
    await send(200, 8);
    const third = kafka.consumer({ maxWaitTimeInMs: 50, groupId: 'g' });
    const rest = await reading(third, 't');
    await until(() => rest.length >= 8);
    expect(rest.map(Number).sort((a, b) => a - b)).toEqual([200, 201, 202, 203, 204, 205, 206, 207]);
    await third.disconnect();
    await producer.disconnect();
    await withAdmin(broker, async (admin) => {
      await until(async () => (await admin.describeGroups(['g'])).groups[0]?.state === 'Empty');
      await admin.deleteGroups(['g']);
      expect((await admin.listGroups()).groups).toEqual([]);
    });
  });

  it('shows readers of committed data only transactions that were committed', async () => {
    const broker = await TestBroker.start();
    const kafka = kafkaOf(broker);
    await withAdmin(broker, (admin) => admin.createTopics({ topics: [{ topic: 'tx', numPartitions: 2 }] }));
    const producer = kafka.producer({ idempotent: true, transactionalId: 'id', maxInFlightRequests: 1 });
    await producer.connect();
    for (const outcome of ['commit', 'abort', 'commit'] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: 'tx', messages: [0, 1].map((partition) => ({ partition, value: outcome })) });
      const offset = outcome === 'commit' ? '7' : '99';
      const topics = [{ topic: 'tx', partitions: [{ partition: 0, offset }] }];
      await transaction.sendOffsets({ consumerGroupId: 'input', topics });
      await transaction[outcome]();
    }
    const open = await producer.transaction();
    await open.send({ topic: 'tx', messages: [{ partition: 0, value: 'open' }] });

    const committed = kafka.consumer({ maxWaitTimeInMs: 50, groupId: 'c', readUncommitted: false });
    const values = await reading(committed, 'tx');
    const all = kafka.consumer({ maxWaitTimeInMs: 50, groupId: 'u', readUncommitted: true });
    const everything = await reading(all, 'tx');
    await until(() => everything.length === 7);
    await until(() => values.length >= 4);
    expect(values).toEqual(['commit', 'commit', 'commit', 'commit']);
    await open.abort();
    await withAdmin(broker, async (admin) => {
      const [topic] = await admin.fetchOffsets({ groupId: 'input', topics: ['tx'] });
      expect(topic?.partitions.find(({ partition }) => partition === 0)?.offset).toBe('7');
    });
    for (const client of [committed, all, producer]) await client.disconnect();
  });

  it('fences the older of two producers with one transactional id', async () => {
    const broker = await TestBroker.start();
    const kafka = kafkaOf(broker);
    await withAdmin(broker, (admin) => admin.createTopics({ topics: [{ topic: 'tx' }] }));
    const start = async () => {
      const producer = kafka.producer({
        idempotent: true,
        transactionalId: 'id',
        maxInFlightRequests: 1,
        retry: { retries: 1 },
      });
      await producer.connect();
      return producer;
    };
    const old = await start();
    const transaction = await old.transaction();
    await transaction.send({ topic: 'tx', messages: [{ value: 'zombie' }] });
    const fresh = await start();
    const other = await fresh.transaction();
    await other.send({ topic: 'tx', messages: [{ value: 'fresh' }] });
    await other.commit();
    await expect(transaction.commit()).rejects.toThrow();
    const consumer = kafka.consumer({ maxWaitTimeInMs: 50, groupId: 'c', readUncommitted: false });
    const values = await reading(consumer, 'tx');
    await until(() => values.length > 0);
    expect(values).toEqual(['fresh']);
    for (const client of [consumer, old, fresh]) await client.disconnect();
  });

  it('lets in who knows the password, by PLAIN and SCRAM, and nobody else', async () => {
    const sasl = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
    const broker = await TestBroker.start({
      listeners: [{ name: 'SASL_PLAINTEXT', sasl }],
      users: [{ name: 'ann', password: 'secret' }],
    });
    const brokers = [broker.listeners.SASL_PLAINTEXT ?? ''];
    const attempt = async (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password: string) => {
      const login = { username: 'ann', password };
      const options = mechanism === 'plain' ? { mechanism, ...login } : { mechanism, ...login };
      const admin = new Kafka({
        brokers,
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
        sasl: options as NonNullable<ConstructorParameters<typeof Kafka>[0]['sasl']>,
      }).admin();
      await admin.connect();
      const topics = await admin.listTopics();
      await admin.disconnect();
      return topics;
    };
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      expect(await attempt(mechanism, 'secret')).toEqual([]);
      await expect(attempt(mechanism, 'wrong')).rejects.toThrow();
    }
    const stranger = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin();
    await expect(stranger.connect().then(() => stranger.listTopics())).rejects.toThrow();
    await stranger.disconnect();
  });
});
