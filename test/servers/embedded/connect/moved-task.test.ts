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

it('a task that came from a worker that was slow to let it go goes on from what that one stored last', async () => {
  const database = await world.database('CREATE TABLE item (id int PRIMARY KEY)');
  const { name, client } = database;
  const config = world.config(database, { 'heartbeat.interval.ms': '0' });
  await world.run(name, config);
  const first = await storedAfter(1, database);
  const second = await storedAfter(2, database, first);
  await world.ask('PUT', `/connectors/${name}/stop`);
  await client.query('INSERT INTO item VALUES (3)');
  const answers = [first, second];
  const task = postgresConnector.createTask(config, {
    connector: name,
    taskId: 0,
    exactlyOnce: false,
    log: silentLog,
    clock: Date.now,
    random: Math.random,
    offset: async () => answers.shift(),
  });
  await task.start();
  try {
    expect(await nextRow(task)).toMatchObject({ values: [3] });
  } finally {
    await task.stop();
  }
});
