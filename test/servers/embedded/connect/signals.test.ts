import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../src/support/retry.js';
import { json, type TestDatabase, WAIT_MS, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

const SIGNALS = 'CREATE TABLE signal (id text PRIMARY KEY, type text NOT NULL, data text)';

function config(database: TestDatabase, more: Record<string, string> = {}): Record<string, string> {
  return world.config(database, {
    'table.include.list': 'public.note',
    'signal.data.collection': 'public.signal',
    'incremental.snapshot.chunk.size': '3',
    ...more,
  });
}

const send = (database: TestDatabase, type: string, data: object): Promise<unknown> =>
  database.client.query('INSERT INTO signal VALUES (gen_random_uuid(), $1, $2)', [type, JSON.stringify(data)]);

const snapshot = (database: TestDatabase, more: object = {}): Promise<unknown> =>
  send(database, 'execute-snapshot', { 'data-collections': ['public.note'], type: 'incremental', ...more });

describe('signals in a table', () => {
  it('read a table once more while it changes, each row as it is then', async () => {
    const database = await world.database(
      SIGNALS,
      'CREATE TABLE note (id int PRIMARY KEY, body text)',
      `INSERT INTO note SELECT n, 'old' FROM generate_series(1, 8) n`,
    );
    await world.run('again', config(database));
    const topic = `${database.name}.public.note`;
    await world.records(topic, 8);
    await snapshot(database);
    const records = await world.records(topic, 16);
    const again = records.slice(8).map((record) => json(record.value));
    expect(again.map((event) => event.after.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(again[0]).toMatchObject({ op: 'r', source: { snapshot: 'incremental', lsn: null, txId: null } });
    const signals = (await world.all(`${database.name}.public.signal`)).map((record) => json(record.value).after.type);
    expect(signals.slice(0, 3)).toEqual(['execute-snapshot', 'snapshot-window-open', 'snapshot-window-close']);
  });

  it('obey conditions, and leave out tables without a key', async () => {
    const database = await world.database(
      SIGNALS,
      'CREATE TABLE note (id int PRIMARY KEY)',
      'CREATE TABLE loose (n int)',
      'INSERT INTO note SELECT generate_series(1, 5)',
    );
    await world.run('some', config(database, { 'table.include.list': 'public.note,public.loose' }));
    const topic = `${database.name}.public.note`;
    await world.records(topic, 5);
    await snapshot(database, {
      'data-collections': ['public.loose', 'public.note'],
      'additional-conditions': [{ 'data-collection': 'public.note', filter: 'id % 2 = 0' }],
    });
    const records = await world.records(topic, 7);
    expect(records.slice(5).map((record) => json(record.value).after.id)).toEqual([2, 4]);
  });

  it('go on with a paused snapshot after the worker was restarted', async () => {
    const database = await world.database(
      SIGNALS,
      'CREATE TABLE note (id int PRIMARY KEY)',
      'INSERT INTO note SELECT generate_series(1, 7)',
    );
    await world.run('paused', config(database));
    const topic = `${database.name}.public.note`;
    await world.records(topic, 7);
    await send(database, 'pause-snapshot', {});
    await snapshot(database);
    await database.client.query('INSERT INTO note VALUES (8)');
    await world.records(topic, 8);
    await waitUntil(
      'what is left to be stored',
      async () => {
        const { body } = await world.ask('GET', '/connectors/paused/offsets');
        return body.offsets[0]?.offset.incremental_snapshot_collections?.includes('public.note') ? true : undefined;
      },
      { timeoutMs: WAIT_MS },
    );
    await world.restartWorker();
    const records = await world.records(topic, 16);
    expect(records.slice(8).map((record) => json(record.value).after.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
