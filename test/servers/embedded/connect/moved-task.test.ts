import { afterAll, beforeAll, expect, it } from 'vitest';
import { postgresConnector } from '../../../../src/embedded/connect/postgresql/connector.js';
import type { SourceOffset, SourceTask } from '../../../../src/embedded/connect/worker/source-task.js';
import { silentLog } from '../../../../src/support/log.js';
import { waitUntil } from '../../../../src/support/retry.js';
import { type TestDatabase, WAIT_MS, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

/** What the connector, which runs elsewhere, stores once it has told the next row. */
async function storedAfter(id: number, { name, client }: TestDatabase, before?: SourceOffset): Promise<SourceOffset> {
  await client.query('INSERT INTO item VALUES ($1)', [id]);
  return waitUntil(
    'the offset to be stored',
    async () => {
      const { body } = await world.ask('GET', `/connectors/${name}/offsets`);
      const offset: SourceOffset | undefined = body.offsets?.[0]?.offset;
      const isLater = Number(offset?.lsn_commit ?? 0) > Number(before?.lsn_commit ?? 0);
      return offset?.snapshot === undefined && isLater ? offset : undefined;
    },
    { timeoutMs: WAIT_MS },
  );
}

async function nextRow(task: SourceTask): Promise<unknown> {
  for (;;) {
    const items = await task.poll();
    const found = items.find(({ record }) => record !== undefined);
    if (found !== undefined) return found.record?.key;
  }
}

/** A task that gets these answers in turn when it asks what is stored. */
function taskOf(name: string, config: Readonly<Record<string, string>>, offsets: SourceOffset[]): SourceTask {
  return postgresConnector.createTask(config, {
    connector: name,
    taskId: 0,
    exactlyOnce: false,
    log: silentLog,
    clock: Date.now,
    random: Math.random,
    offset: async () => offsets.shift(),
  });
}

it('a task that came from a worker that was slow to let it go goes on from what that one stored last', async () => {
  const database = await world.database('CREATE TABLE item (id int PRIMARY KEY)');
  const { name, client } = database;
  const config = world.config(database, { 'heartbeat.interval.ms': '0' });
  await world.run(name, config);
  const first = await storedAfter(1, database);
  const second = await storedAfter(2, database, first);
  await world.ask('PUT', `/connectors/${name}/stop`);
  await client.query('INSERT INTO item VALUES (3)');
  const task = taskOf(name, config, [first, second]);
  await task.start();
  try {
    expect(await nextRow(task)).toMatchObject({ values: [3] });
  } finally {
    await task.stop();
  }
});

it('a task that connects again confirms only what is stored', async () => {
  const database = await world.database('CREATE TABLE item (id int PRIMARY KEY)');
  const { name, client } = database;
  const config = world.config(database, { 'heartbeat.interval.ms': '0', 'status.update.interval.ms': '100' });
  await world.run(name, config);
  const stored = await storedAfter(1, database);
  await world.ask('PUT', `/connectors/${name}/stop`);
  const task = taskOf(name, config, [stored]);
  await task.start();
  try {
    await client.query('INSERT INTO item VALUES (2)');
    expect(await nextRow(task)).toMatchObject({ values: [2] });
    const slot = `SELECT active_pid AS pid, confirmed_flush_lsn - '0/0' AS confirmed FROM pg_replication_slots WHERE slot_name = $1`;
    const [before] = (await client.query(slot, [config['slot.name']])).rows;
    await client.query('SELECT pg_terminate_backend($1)', [before.pid]);
    await waitUntil(
      'the server to have heard from the task after it connected again',
      async () => {
        const heard =
          'SELECT FROM pg_stat_replication JOIN pg_replication_slots ON pid = active_pid WHERE slot_name = $1 AND pid <> $2 AND reply_time > backend_start';
        return (await client.query(heard, [config['slot.name'], before.pid])).rowCount === 1 || undefined;
      },
      { timeoutMs: WAIT_MS },
    );
    await client.query('INSERT INTO item VALUES (3)');
    expect(await nextRow(task)).toMatchObject({ values: [3] });
    const [after] = (await client.query(slot, [config['slot.name']])).rows;
    expect(Number(after.confirmed)).toBeLessThanOrEqual(Number(stored.lsn_commit));
  } finally {
    await task.stop();
  }
});
