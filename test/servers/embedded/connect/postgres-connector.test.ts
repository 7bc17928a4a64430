import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHoldingProxy } from '../../../support/holding-proxy.js';
import { json, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

const PERSONS = 'CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, note text)';

describe('the PostgreSQL connector', () => {
  it('tells the rows that are there, then every change, in order', async () => {
    const database = await world.database(PERSONS, `INSERT INTO person VALUES (1, 'Ada', NULL), (2, 'Grace', 'x')`);
    await world.run('order', world.config(database, { 'table.include.list': 'public.person' }));
    const topic = `${database.name}.public.person`;
    await world.records(topic, 2);
    await database.client.query(`INSERT INTO person VALUES (3, 'Alan', 'ünï''"\\')`);
    await database.client.query(`UPDATE person SET name = 'Ada L.' WHERE id = 1`);
    await database.client.query('DELETE FROM person WHERE id = 2');
    await database.client.query('UPDATE person SET id = 4 WHERE id = 3');
    const records = await world.records(topic, 9);
    const told = records.map((record) => [
      json(record.key).id,
      json(record.value)?.op,
      json(record.value)?.source.snapshot,
    ]);
    expect(told).toEqual([
      [1, 'r', 'first'],
      [2, 'r', 'last'],
      [3, 'c', 'false'],
      [1, 'u', 'false'],
      [2, 'd', 'false'],
      [2, undefined, undefined],
      [3, 'd', 'false'],
      [3, undefined, undefined],
      [4, 'c', 'false'],
    ]);
    const created = json(records[2]?.value ?? null);
    expect(Object.keys(created)).toEqual(['before', 'after', 'source', 'transaction', 'op', 'ts_ms', 'ts_us', 'ts_ns']);
    expect(created.after).toEqual({ id: 3, name: 'Alan', note: `ünï'"\\` });
    expect(json(records[4]?.value ?? null).before).toEqual({ id: 2, name: '', note: null });
    expect(records[6]?.headers[0]?.[0]).toBe('__debezium.newkey');
    expect(records[8]?.headers[0]?.[1]?.toString()).toBe('{"id":3}');
  });

  it('goes on exactly where it was after the worker was restarted', async () => {
    const database = await world.database(PERSONS);
    await world.run('resume', world.config(database, { 'table.include.list': 'public.person' }));
    const insert = (from: number, to: number) =>
      database.client.query(`INSERT INTO person SELECT i, 'n' || i FROM generate_series(${from}, ${to}) i`);
    const topic = `${database.name}.public.person`;
    await insert(1, 100);
    await world.records(topic, 100);
    await world.restartWorker();
    await insert(101, 200);
    await world.taskState('resume', 'RUNNING');
    const records = await world.records(topic, 200);
    expect(records.map((record) => json(record.key).id).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
  });

  it('tells each row once, in the snapshot or in the stream, while rows are being written', async () => {
    const database = await world.database(
      PERSONS,
      `INSERT INTO person SELECT -i, 'there' FROM generate_series(1, 5000) i`,
    );
    let written = 0;
    let streaming = false;
    const writing = (async () => {
      while (!streaming || written < 300)
        await database.client.query(`INSERT INTO person VALUES (${++written}, 'new')`);
    })();
    await world.run('busy', world.config(database, { 'table.include.list': 'public.person' }));
    streaming = true;
    await writing;
    const records = await world.records(`${database.name}.public.person`, 5000 + written);
    expect(records).toHaveLength(5000 + written);
    expect(new Set(records.map((record) => json(record.key).id)).size).toBe(5000 + written);
  });

  it('waits for a broker that restarts, and loses and doubles nothing', async () => {
    const database = await world.database(PERSONS);
    await world.run('outage', world.config(database, { 'table.include.list': 'public.person' }));
    const insert = (from: number) =>
      database.client.query(`INSERT INTO person SELECT i, 'n' FROM generate_series(${from}, ${from + 99}) i`);
    const topic = `${database.name}.public.person`;
    await insert(1);
    await world.records(topic, 100);
    await world.restartBroker(async () => {
      await insert(101);
    });
    await insert(201);
    const records = await world.records(topic, 300);
    expect(new Set(records.map((record) => json(record.key).id)).size).toBe(300);
    expect(records).toHaveLength(300);
    await world.taskState('outage', 'RUNNING');
  });

  it('stops also while it connects in order to stream', async () => {
    const database = await world.database(PERSONS);
    const proxy = await startHoldingProxy(world.postgres.port);
    try {
      const config = world.config(database, {
        'table.include.list': 'public.person',
        'database.port': String(proxy.port),
      });
      await world.run('connecting', config);
      await world.ask('PUT', '/connectors/connecting/pause');
      const holding = proxy.hold('replication');
      await world.ask('PUT', '/connectors/connecting/resume');
      const held = await holding;
      const paused = world.ask('PUT', '/connectors/connecting/pause');
      await held.otherClosed; // the task has been told to stop
      held.release();
      expect((await paused).status).toBe(202);
      await world.taskState('connecting', 'PAUSED');
    } finally {
      await proxy.stop();
    }
  });

  it('passes a fence: an excluded message moves the offset and the slot', async () => {
    const database = await world.database(PERSONS);
    await world.run('fence', world.config(database, { 'table.include.list': 'public.person' }));
    const slot = async () => {
      const { rows } = await database.client.query(
        `SELECT confirmed_flush_lsn >= $1::pg_lsn AS passed FROM pg_replication_slots WHERE slot_name = $2`,
        [fence, `slot_${database.name}`],
      );
      return rows[0]?.passed === true ? true : undefined;
    };
    await database.client.query(`INSERT INTO person VALUES (1, 'a')`);
    await world.records(`${database.name}.public.person`, 1);
    const { rows } = await database.client.query('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    const fence = rows[0].lsn;
    await database.client.query(`SELECT pg_logical_emit_message(true, 'evpipe', 'fence')`);
    await expect.poll(slot, { timeout: 20_000, interval: 10 }).toBe(true);
    const { body } = await world.ask('GET', '/connectors/fence/offsets');
    expect(body.offsets[0].partition).toEqual({ server: database.name });
    expect(Object.keys(body.offsets[0].offset)).toEqual([
      'lsn_proc',
      'messageType',
      'lsn_commit',
      'lsn',
      'txId',
      'ts_usec',
    ]);
    expect(await world.all(`${database.name}.message`)).toEqual([]);
  });
});
