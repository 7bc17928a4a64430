import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openConnect } from '../../src/clients/connect/client.js';
import { waitUntil } from '../../src/support/retry.js';
import { Stack } from '../support/stack.js';

/**
 * A fence message is a record to a connector that does not exclude its prefix, and an outbox router or ExtractField
 * fails for good on such a record. One connector of the file lacks the exclusion here, and a foreign one reads the
 * other database.
 */
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.withFewRows('person-planning');
  const file = join(stack.box.folder, 'evpipe.yaml');
  const text = readFileSync(file, 'utf8');
  const option = '      table.include.list: public.events_outboxitem\n';
  expect(text).toContain(option);
  writeFileSync(file, text.replace(option, `${option}      message.prefix.exclude.list: other\n`));
  const up = await stack.box.run('up', '--no-verify');
  expect(up.code, up.stderr).toBe(0);
});

afterAll(() => stack?.remove());

async function withConnect<T>(work: (connect: ReturnType<typeof openConnect>) => Promise<T>): Promise<T> {
  const connect = openConnect({ url: await stack.url('connect') });
  try {
    return await work(connect);
  } finally {
    connect.close();
  }
}

const allRun = (): Promise<void> =>
  withConnect(async (connect) => {
    for (const name of await connect.connectors()) {
      const status = await connect.status(name);
      expect(status?.tasks, name).toEqual([expect.objectContaining({ state: 'RUNNING' })]);
    }
  });

it('warns of the connector before anything runs', async () => {
  const { stderr, stdout } = await stack.box.run('validate');
  expect(stderr + stdout).toMatch(/connector person-outbox lacks message\.prefix\.exclude\.list=evpipe/);
});

it('leaves every connector running whatever command runs, and names the one that keeps a check inconclusive', async () => {
  await withConnect(async (connect) => {
    const config = { ...(await connect.config('accounting-cdc')) };
    delete config['message.prefix.exclude.list'];
    delete config.name;
    await connect.putConfig('foreign', {
      ...config,
      'database.user': 'postgres',
      'database.password': stack.postgresPassword,
      'slot.name': 'foreign',
      'publication.name': 'foreign',
      'topic.prefix': 'foreign',
      'transforms.reroute.topic.replacement': 'foreign',
    });
    await waitUntil('the foreign connector', async () => (await connect.status('foreign'))?.tasks[0], {
      timeoutMs: 30_000,
    });
  });
  const planning = await stack.database('planning');
  await planning.execute(`UPDATE planning_person SET date_of_birth = '1900-01-01' WHERE id = (SELECT min(id::text)::uuid FROM planning_person);
    DELETE FROM planning_balancesheet WHERE id = (SELECT min(id::text)::uuid FROM planning_balancesheet)`);
  await planning.close();

  const ended = await stack.box.run('verify-consistency', '--timeout', '15s');
  expect(ended.code, ended.stderr + ended.stdout).not.toBe(0);
  if (ended.code === 5) {
    expect(ended.stdout).toContain('connector person-outbox reads this database without message.prefix.exclude.list');
    expect(ended.stdout).toContain('connector foreign reads this database without message.prefix.exclude.list=evpipe');
  }
  for (const args of [['smoke', '--timeout', '5s'], ['status'], ['doctor'], ['plan'], ['up', '--timeout', '5s']])
    await stack.box.run(...args);
  await allRun();
});

it('leaves the foreign connector, its slot and its publication through a reset of all that the pipeline has made', async () => {
  const { code, stdout, stderr } = await stack.box.run('reset', '--yes');
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('removed  connector accounting-cdc and its offsets');
  await withConnect(async (connect) => expect(await connect.connectors()).toEqual(['foreign']));
  const accounting = await stack.database('accounting');
  expect(await accounting.queryText('SELECT slot_name FROM pg_replication_slots')).toEqual([['foreign']]);
  expect(await accounting.queryText('SELECT pubname FROM pg_publication')).toEqual([['foreign']]);
  await accounting.close();
});

it('makes it all again by apply, and then has nothing left to change', async () => {
  expect((await stack.box.run('plan')).code).toBe(3);
  const applied = await stack.box.run('apply');
  expect(applied.code, applied.stderr + applied.stdout).toBe(0);
  const { code, stdout } = await stack.box.run('plan');
  expect(stdout).toMatch(/^Nothing to change: \d+ things as declared\.\n$/);
  expect(code).toBe(0);
});
