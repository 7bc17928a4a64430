import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import { Stack } from '../support/stack.js';

/** Several servers of a sort, and the logins and extensions that applications expect of them. */
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.up(fileURLToPath(new URL('../fixtures/pipelines/two-servers', import.meta.url)));
});

afterAll(() => stack?.remove());

it('has databases of one name on two servers, each its own process, and compares them', async () => {
  const ports = [await stack.portOf('postgres'), await stack.portOf('postgres-legacy')];
  expect(new Set(ports).size).toBe(2);
  const { stdout } = await stack.run('logs', 'told');
  const shown = ports.map((port) => `${port}/shop`).join(' ');
  const brokers = [await stack.portOf('rabbitmq'), await stack.portOf('rabbitmq-legacy')];
  const amqp = brokers.map((port) => `amqp://\\[hidden\\]@127.0.0.1:${port}`).join(' ');
  // Caches are optional where no Redis is installed.
  expect(stdout).toMatch(
    new RegExp(`${shown} (redis://\\[hidden\\]@[^ ]+/0)? (redis://\\[hidden\\]@[^ ]+/0)? ${amqp}$`, 'm'),
  );
  expect((await stack.run('verify-consistency')).code).toBe(0);
  const status = (await stack.run('status')).stdout;
  expect(status).toMatch(/postgres +running +:\d+ [\s\S]*postgres-legacy +running +:\d+ /);
  const { stdout: rows } = await stack.run(
    'psql',
    'old-shop',
    '-c',
    'SELECT current_database(), count(*) FROM customer',
  );
  expect(rows).toMatch(/shop\s*\|\s*1/);
  const doctor = await stack.run('doctor');
  expect(doctor.stdout, doctor.stderr).toMatch(/^ +✓ rabbitmq-legacy /m);
  const env = (await stack.run('env')).stdout;
  expect(env).toMatch(new RegExp(`EVPIPE_RABBITMQ_LEGACY_URL=.*:${brokers[1]}`));
  expect((await stack.run('up')).stdout).toContain('Nothing to change.');
  expect((await stack.run('plan')).code).toBe(0);
});

it('lets an application in by the login that it has fixed, which owns what it makes', async () => {
  const port = await stack.portOf('postgres-legacy');
  const app = await connectPostgres({ url: `postgres://app:app@127.0.0.1:${port}/shop` });
  try {
    await app.execute(
      "CREATE EXTENSION IF NOT EXISTS citext; CREATE TABLE note (t citext); INSERT INTO note VALUES ('A')",
    );
    await app.execute("INSERT INTO customer VALUES (2, 'Bob')");
    expect(
      await app.queryText(
        "SELECT tableowner, (SELECT t = 'a' FROM note)::text FROM pg_tables WHERE tablename = 'note'",
      ),
    ).toEqual([['shop/owner', 'true']]);
  } finally {
    await app.close();
  }
  const elsewhere = `postgres://app:app@127.0.0.1:${await stack.portOf('postgres')}/shop`;
  await expect(connectPostgres({ url: elsewhere })).rejects.toThrow(/password authentication failed/);
  expect((await stack.run('verify-consistency')).stdout).toMatch(/customers[\s\S]*2/);
});

it('refuses an extension that its PostgreSQL does not have, by name, before anything is changed', async () => {
  const file = join(stack.box.folder, 'evpipe.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('uuid-ossp]', 'uuid-ossp, pg_trgn]'));
  const refused = await stack.run('plan');
  expect(refused.stdout + refused.stderr).toMatch(/has no extension pg_trgn, did you mean pg_trgm\?/);
});
