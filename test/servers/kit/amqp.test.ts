import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectAmqp } from '../../../src/clients/amqp/client.js';
import type { AmqpClient } from '../../../src/clients/amqp/contract.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { Refused } from '../../../src/kit/amqp/refused.js';
import { type Database, openDatabase } from '../../../src/kit/database.js';
import { NotYet } from '../../../src/kit/not-yet.js';
import type { PollingOutbox } from '../../../src/kit/polling-outbox.js';
import { type Service, type StartedService, startService } from '../../../src/kit/service.js';
import { silentLog } from '../../../src/support/log.js';
import { TestAmqp } from '../embedded/amqp/running-amqp.js';

let folder: string;
let postgres: RunningPostgres;
let database: Database;
let broker: TestAmqp;
let amqp: AmqpClient;
const started: StartedService[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-kit-amqp-'));
  postgres = await startPostgres({ dataDir: join(folder, 'pg') });
  database = openDatabase(postgres.urlOf('postgres'), 'test', silentLog);
});
afterAll(async () => {
  await database?.close();
  await postgres?.remove();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  broker = await TestAmqp.start();
  amqp = connectAmqp({ url: broker.url });
  await amqp.declareQueue({ name: 'dead', durable: true, arguments: {} });
  const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
  await amqp.declareQueue({ name: 'mails', durable: true, arguments: dead });
  await database.query('DROP TABLE IF EXISTS outbox_message, mail');
  await database.query('CREATE TABLE mail (id text PRIMARY KEY, times int NOT NULL)');
  await database.query(
    `CREATE TABLE outbox_message (id uuid PRIMARY KEY, number bigint GENERATED ALWAYS AS IDENTITY, topic text, key text,
     body text, time_created timestamptz DEFAULT now(), sent boolean NOT NULL DEFAULT false, failure text)`,
  );
});
afterEach(async () => {
  for (const service of started.splice(0)) await service.stop();
  await amqp.close();
});

async function start(main: (service: Service) => Promise<void>): Promise<StartedService> {
  const onFailure = (failure: unknown): void => expect.unreachable(String(failure));
  const service = await startService(main, { env: { RABBITMQ_URL: broker.url }, log: silentLog, onFailure });
  started.push(service);
  return service;
}

let outbox: PollingOutbox;
const startOutbox = () =>
  start(async (service) => {
    outbox = await service.pollingOutbox({
      database,
      table: 'outbox_message',
      publisher: await service.rabbitmqPublisher(),
    });
  });
const write = (body: string, key = 'mails') =>
  database.transaction((transaction) => outbox.add(transaction, { topic: '', key, body }));
const rows = (sql: string) => database.query<Record<string, unknown>>(sql);
const unsent = async (): Promise<number> => (await rows('SELECT id FROM outbox_message WHERE NOT sent')).length;
const soon = { timeout: 30_000, interval: 50 };

describe('the outbox', () => {
  it('publishes what a transaction committed, in its order, and nothing that it rolled back', async () => {
    await startOutbox();
    await database
      .transaction(async (transaction) => {
        await outbox.add(transaction, { topic: '', key: 'mails', body: 'never' });
        throw new Error('rolled back');
      })
      .catch(() => {});
    for (let number = 1; number <= 3; number += 1) await write(`${number}`);
    await expect.poll(unsent, soon).toBe(0);
    const bodies = (await amqp.peek('mails', 5)).map(({ body }) => body.toString());
    expect(bodies).toEqual(['1', '2', '3']);
  });

  it('keeps what no queue takes and what finds no broker, and publishes it once it can', async () => {
    await startOutbox();
    await write('a', 'later');
    await expect.poll(unsent, soon).toBe(1);
    await broker.restart(() => {});
    await write('b', 'later');
    await amqp.declareQueue({ name: 'later', durable: true, arguments: {} }).catch(() => {});
    await expect
      .poll(async () => {
        await amqp.declareQueue({ name: 'later', durable: true, arguments: {} }).catch(() => {});
        return unsent();
      }, soon)
      .toBe(0);
    expect((await amqp.queue('later'))?.ready).toBe(2);
  });
});

describe('a receiver', () => {
  it('acknowledges what it has committed, and refuses what can not be applied', async () => {
    const attempts = new Map<string, number>();
    const apply = async (id: string): Promise<void> => {
      const attempt = (attempts.get(id) ?? 0) + 1;
      attempts.set(id, attempt);
      if (id === 'poison') throw new Refused('unreadable');
      if (id === 'broken') throw new Error('fails every time');
      if (id === 'early' && attempt < 4) throw new NotYet('its turn');
      if (id === 'shaky' && attempt < 2) throw new Error('fails once');
    };
    await start((service) =>
      service.receive({
        queue: 'mails',
        database,
        attempts: 3,
        async apply({ id }, transaction) {
          await transaction.query('INSERT INTO mail VALUES ($1, 1)', [id]);
          await apply(id);
        },
      }),
    );
    for (const messageId of ['poison', 'broken', 'early', 'shaky', 'good'])
      await amqp.publish('', 'mails', Buffer.from('{}'), { messageId });
    await expect
      .poll(() => rows('SELECT id FROM mail ORDER BY id'), soon)
      .toEqual([{ id: 'early' }, { id: 'good' }, { id: 'shaky' }]);
    await expect.poll(async () => (await amqp.queue('dead'))?.ready, soon).toBe(2);
    expect(Object.fromEntries(attempts)).toEqual({ poison: 1, broken: 3, early: 4, shaky: 2, good: 1 });
    expect((await amqp.peek('dead', 5)).map(({ messageId }) => messageId)).toEqual(['poison', 'broken']);
  });

  it('gets back what it had in hand when the broker went away, and applies it once', async () => {
    await start((service) =>
      service.receive({
        queue: 'mails',
        database,
        async apply({ id, redelivered }, transaction) {
          // What was in hand before is never applied: it could be no more acknowledged, and would come again.
          if (!redelivered) throw new NotYet('the broker to come back');
          await transaction.query(
            'INSERT INTO mail VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET times = mail.times + 1',
            [id],
          );
        },
      }),
    );
    for (const messageId of ['1', '2']) await amqp.publish('', 'mails', Buffer.from('{}'), { messageId });
    await expect.poll(async () => (await amqp.queue('mails'))?.ready, soon).toBe(0);
    await broker.restart();
    await expect
      .poll(() => rows('SELECT * FROM mail ORDER BY id'), soon)
      .toEqual([
        { id: '1', times: 1 },
        { id: '2', times: 1 },
      ]);
    await expect.poll(() => amqp.queue('mails').catch(() => undefined), soon).toEqual({ ready: 0, consumers: 1 });
  });
});
