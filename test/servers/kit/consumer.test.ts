import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectPostgres } from '../../../src/clients/postgres/client.js';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { type ConsumerOptions, type Message, NotYet, type Queries, startService } from '../../../src/kit/index.js';
import type { StartedService } from '../../../src/kit/service.js';
import { lineLog } from '../../../src/support/log.js';
import { waitUntil } from '../../../src/support/retry.js';

const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-kit-consumer-'));
const kafkaDir = join(dataDir, 'kafka');
let postgres: RunningPostgres;
let kafka: RunningKafka;
let topic: string;
let topics = 0;
let said: string[];
let failures: unknown[];
const running = new Set<StartedService>();

beforeAll(async () => {
  [postgres, kafka] = await Promise.all([
    startPostgres({ dataDir: join(dataDir, 'postgres') }),
    startKafka({ dataDir: kafkaDir }),
  ]);
});
afterAll(async () => {
  await Promise.all([postgres.remove(), kafka.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  said = [];
  failures = [];
  topics += 1;
  topic = `numbers-${topics}`;
  await withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 1 }] }));
  await sql('CREATE TABLE seen (number serial, partition int, text text)');
});
afterEach(async () => {
  await Promise.all([...running].map((service) => service.stop()));
  running.clear();
  await sql('DROP TABLE seen');
});

const client = (): Kafka => new Kafka({ brokers: [kafka.bootstrapServers], logLevel: logLevel.NOTHING });

async function withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = client().admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function produce(partition: number, ...texts: string[]): Promise<void> {
  const producer = client().producer();
  await producer.connect();
  await producer.send({ topic, messages: texts.map((value) => ({ partition, key: value, value })) });
  await producer.disconnect();
}

async function sql(statement: string): Promise<readonly (readonly (string | null)[])[]> {
  const client = await connectPostgres({ url: postgres.url });
  try {
    return await client.queryText(statement);
  } finally {
    await client.close();
  }
}

const insert = async ({ partition, value }: Message, transaction: Queries): Promise<void> => {
  await transaction.query('INSERT INTO seen (partition, text) VALUES ($1, $2)', [partition, value?.toString()]);
};

async function consume(apply: ConsumerOptions['apply'] = insert): Promise<StartedService> {
  const service = await startService(
    async (own) => own.consume({ group: `group-${topic}`, topics: [topic], database: await own.database(), apply }),
    {
      env: { DATABASE_URL: postgres.url, KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrapServers },
      log: lineLog((line) => said.push(line)),
      onFailure: (failure) => failures.push(failure),
    },
  );
  running.add(service);
  return service;
}

async function stop(service: StartedService): Promise<void> {
  running.delete(service);
  await service.stop();
}

/** What was applied from one partition, in order, once it is so many. */
async function seen(partition: number, rows: number): Promise<string[]> {
  let texts: string[] = [];
  await waitUntil(
    () => `${rows} rows, found ${texts.join(' ')}; said ${said.join('')}`,
    async () => {
      texts = (await sql(`SELECT text FROM seen WHERE partition = ${partition} ORDER BY number`)).map(
        ([text]) => text ?? '∅',
      );
      return texts.length >= rows ? true : undefined;
    },
    { timeoutMs: 30_000 },
  );
  return texts;
}

describe('a consumer', () => {
  it('applies each message in the order of its partition, and goes on where the last one ended', async () => {
    const many = Array.from({ length: 450 }, (_, index) => `n${index}`);
    await produce(0, ...many);
    const first = await consume();
    expect(await seen(0, 450)).toEqual(many);
    await stop(first);
    await produce(0, 'later');
    await consume();
    expect(await seen(0, 451)).toEqual([...many, 'later']);
    expect(failures).toEqual([]);
  });

  it('leaves its group when it stops, so that nobody waits for its session to end', async () => {
    const service = await consume();
    const members = async () => {
      const { groups } = await withAdmin((admin) => admin.describeGroups([`group-${topic}`]));
      return groups[0]?.members.length;
    };
    expect(await members()).toBe(1);
    await stop(service);
    expect(await members()).toBe(0);
  });

  it('keeps a message that has to wait at the head of its partition, while the other ones go on', async () => {
    let mayPass = false;
    const attempts: string[] = [];
    await produce(0, 'before', 'waits', 'after');
    await consume(async (message, transaction) => {
      if (message.key === 'waits') {
        attempts.push('attempt');
        if (!mayPass) throw new NotYet('its time');
      }
      await insert(message, transaction);
    });
    expect(await seen(0, 1)).toEqual(['before']);
    await produce(1, 'elsewhere');
    expect(await seen(1, 1)).toEqual(['elsewhere']);
    await waitUntil('some attempts', async () => (attempts.length > 2 ? true : undefined), { timeoutMs: 30_000 });
    expect(await seen(0, 1)).toEqual(['before']);
    mayPass = true;
    expect(await seen(0, 3)).toEqual(['before', 'waits', 'after']);
  });

  it('says where a message is that cannot be applied, and holds only what comes behind it', async () => {
    let isMended = false;
    await produce(0, 'good', 'spoilt', 'behind');
    const service = await consume(async (message, transaction) => {
      if (message.key === 'spoilt' && !isMended) await transaction.query('SELECT no_such_column');
      await insert(message, transaction);
    });
    expect(await seen(0, 1)).toEqual(['good']);
    await waitUntil('a line about it', async () => said.find((line) => line.includes('spoilt')), { timeoutMs: 30_000 });
    expect(said.find((line) => line.includes('ERROR'))).toContain(
      `${topic}[0]@1 can't be applied: column "no_such_column" does not exist`,
    );
    await produce(1, 'elsewhere');
    expect(await seen(1, 1)).toEqual(['elsewhere']);
    await stop(service);
    isMended = true; // a new version of the service
    await consume();
    expect(await seen(0, 3)).toEqual(['good', 'spoilt', 'behind']);
  });

  it('outlives a restart of the broker and the loss of its database connections', async () => {
    await produce(0, 'a');
    await consume();
    await seen(0, 1);
    const { port } = kafka;
    await kafka.stop();
    kafka = await startKafka({ dataDir: kafkaDir, port });
    await sql(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
    );
    await produce(0, 'b');
    await waitUntil('b', async () => (await seen(0, 1)).includes('b') || undefined, { timeoutMs: 30_000 });
    expect(failures).toEqual([]);
  });

  // kafkajs compares the clock with the time of its last heartbeat: set back by an hour, it sends none for an hour.
  it.each([
    ['back', -3_600_000],
    ['forward', 3_600_000],
  ])('ends, to begin anew, where the clock is set %s', async (direction, stepMs) => {
    await consume();
    const now = Date.now;
    try {
      Date.now = () => now() + stepMs;
      await waitUntil('it to end', async () => failures.length > 0 || undefined, { timeoutMs: 30_000 });
    } finally {
      Date.now = now;
    }
    expect(failures).toEqual([expect.objectContaining({ code: 'EVPIPE_CONSUMER_CLOCK' })]);
    expect(String(failures[0])).toContain(`the clock was set ${direction} by 3600 s`);
  });

  it('says what it could not reach when it cannot start', async () => {
    const env = { DATABASE_URL: postgres.url, KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrapServers };
    const main = async (own: Parameters<Parameters<typeof startService>[0]>[0]) =>
      own.consume({ group: 'g', topics: ['no-such-topic'], database: await own.database(), apply: insert });
    const log = lineLog((line) => said.push(line));
    await expect(startService(main, { env, log, onFailure: () => {} })).rejects.toThrow(
      /group g can't read no-such-topic from 127\.0\.0\.1:\d+: This server does not host this topic-partition/,
    );
    await expect(startService(main, { env: {}, log, onFailure: () => {} })).rejects.toThrow(
      'the environment has no DATABASE_URL',
    );
  });
});
