import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../src/support/retry.js';
import { moveGroup } from '../support/group-offsets.js';
import { Stack } from '../support/stack.js';

const UPDATES = 'MICROSERVICE-CUSTOMER-UPDATES';
const SOON = { timeoutMs: 30_000 };
const NOTIFICATIONS = 'MICROSERVICE-CUSTOMER-EMAIL-NOTIFICATION';

describe('customer-replication', () => {
  let stack: Stack;
  let kafka: Kafka;

  beforeAll(async () => {
    stack = await Stack.proven('customer-replication', '--profile', 'test');
    kafka = new Kafka({ brokers: [`127.0.0.1:${await stack.portOf('kafka')}`], logLevel: logLevel.NOTHING });
  });
  afterAll(() => stack?.remove());

  const post = async (customer: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(`${await stack.url('customers')}/api/customers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(customer),
    });
  it('is imported as a file whose down --volumes leaves what it only found', async () => {
    const { stdout } = await stack.run('env', '--profile', 'test', '--output', 'json');
    const env = JSON.parse(stdout) as Record<string, string>;
    const { box } = stack;
    const flags = ['--bootstrap-servers', env.EVPIPE_KAFKA_BOOTSTRAP_SERVERS, '--connect-url', env.EVPIPE_CONNECT_URL];
    const imported = await box.run('import', 'imported/guest', ...flags.map((flag) => flag ?? ''));
    expect(imported.code, imported.stderr + imported.stdout).toBe(0);
    // With the login that the connector has already: another one would be a change of its config.
    const login = await stack.databaseUrl('customers', 'connector/customer-outbox');
    Object.assign(box.env, env, { EVPIPE_DATABASE_CUSTOMERS_URL: login });
    try {
      const target = ['imported/guest', '--target', 'cluster'] as const;
      const up = await box.run('up', ...target);
      expect(up.code, up.stderr + up.stdout).toBe(0);
      expect(up.stdout).toContain('Nothing to change.');
      const down = await box.run('down', '--volumes', '--yes', ...target);
      expect(down.code, down.stderr + down.stdout).toBe(0);
      expect(down.stdout + down.stderr).toContain(
        'connector customer-outbox and its slot, which were created by others',
      );
    } finally {
      for (const name of Object.keys(env)) delete box.env[name];
    }
    const connectors = await stack.run('connectors', '--profile', 'test');
    expect(connectors.stdout).toMatch(/customer-outbox.*RUNNING/);
  });

  const verify = (...args: string[]) => stack.run('verify-consistency', '--profile', 'test', ...args);

  it('names a document that was changed, deleted or put there behind its back, with field and both values', async () => {
    const store = await stack.database('_store_customers');
    try {
      const before = await store.queryText(
        "SELECT document::text FROM customers WHERE document->'deleted' = 'false' ORDER BY id LIMIT 3",
      );
      const [changed, deleted, spoilt] = before.map(
        ([text]) => JSON.parse(text ?? '') as { id: string; name: string; phone: string },
      );
      if (changed === undefined || deleted === undefined || spoilt === undefined) throw new Error('the seed made some');
      await store.execute(`
        UPDATE customers SET document = document || '{"name": "Somebody Else"}' WHERE id = '${changed.id}';
        UPDATE customers SET document = document - 'phone' WHERE id = '${spoilt.id}';
        DELETE FROM customers WHERE id = '${deleted.id}';
        INSERT INTO customers (document) VALUES ('{"id": "00000000-0000-4000-8000-000000000000", "version": 1, "deleted": false}')`);
      const ended = await verify('customers');
      expect(ended.code, ended.stderr + ended.stdout).toBe(1);
      expect(ended.stdout).toMatch(
        new RegExp(`different +1? *${changed.id} +name +source ${changed.name} +replica Somebody Else`),
      );
      expect(ended.stdout).toContain(spoilt.id);
      expect(ended.stdout).toContain('(no such field)');
      expect(ended.stdout).toMatch(new RegExp(`missing +1? *${deleted.id}`));
      expect(ended.stdout).toMatch(/extra +1? *00000000-0000-4000-8000-000000000000/);
      await store.execute(`DELETE FROM customers WHERE id = '00000000-0000-4000-8000-000000000000'`);
      for (const [text] of before)
        await store.query(
          'INSERT INTO customers (document) VALUES ($1::jsonb) ON CONFLICT (id) DO UPDATE SET document = excluded.document',
          [text],
        );
      expect((await verify()).code).toBe(0);
    } finally {
      await store.close();
    }
  });

  it('makes no duplicate and sends no mail twice where all events come again, to several copies', async () => {
    const mails = join(stack.stateFolder, 'mails');
    const store = await stack.database('_store_customers');
    try {
      const [documents] = await store.queryText('SELECT count(*)::text FROM customers');
      const sent = readdirSync(mails).length;
      const services = ['replication', 'replication-2', 'email-notification'];
      for (const name of services) expect((await stack.run('stop', name)).code).toBe(0);
      await moveGroup(stack, 'customer-replication', UPDATES, 'earliest');
      await moveGroup(stack, 'customer-email-notification', NOTIFICATIONS, 'earliest');
      for (const name of services) expect((await stack.run('start', name)).code).toBe(0);
      const ended = await stack.run('smoke', 'a-change-reaches-the-document', 'lag', 'checks', '--profile', 'test');
      expect(ended.code, ended.stdout + ended.stderr).toBe(0);
      const [after] = await store.queryText('SELECT count(*)::text FROM customers');
      expect(Number(after?.[0])).toBe(Number(documents?.[0]) + 1);
      expect(readdirSync(mails).length).toBe(sent + 2);
    } finally {
      await store.close();
    }
  });

  it('loses no change where the service ends between its commit and the broker, since the event is in the commit', async () => {
    const customer = (number: number, name: string) => ({
      id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      name,
      phone: '1',
      email: `${number}@example.org`,
    });
    // Killed while several changes are under way: what was answered is there, what was not is whole or not at all.
    for (const round of [1, 2]) {
      const asked = Array.from({ length: 12 }, (_, index) => post(customer(100 * round + index, `round ${round}`)));
      const ended = Promise.allSettled(asked);
      await Promise.any(asked);
      await stack.kill('customers');
      const answers = await ended;
      const url = await stack.url('customers');
      await waitUntil('the API to answer', async () => (await fetch(`${url}/health`)).ok || undefined, SOON);
      for (const [index, answer] of answers.entries()) {
        if (answer.status === 'rejected') continue;
        const { id } = customer(100 * round + index, '');
        expect((await fetch(`${url}/api/customers/${id}`)).status).toBe(200);
      }
    }
    const ended = await verify();
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    // The state that a dual write leaves: the row is saved, the event is not.
    const source = await stack.database('customers');
    const { id, name, phone, email } = customer(1, 'Saved, not sent');
    await source.query('INSERT INTO api_customers_customer (id, name, phone, email) VALUES ($1, $2, $3, $4)', [
      id,
      name,
      phone,
      email,
    ]);
    const lost = await verify('customers');
    expect(lost.code, lost.stdout).toBe(1);
    expect(lost.stdout).toMatch(new RegExp(`missing +1? *${id}`));
    await source.query('DELETE FROM api_customers_customer WHERE id = $1', [id]);
    await source.close();
  });

  it('neither loses nor skips a record that nobody can read: what is behind it waits, and the check says for what', async () => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: UPDATES, messages: [{ value: 'no event' }] });
    await producer.disconnect();
    const created = await post({ name: 'Late', phone: '1', email: 'late@example.org' });
    expect(created.status).toBe(201);
    const ended = await verify('customers', '--timeout', '12s');
    expect(ended.code, ended.stdout + ended.stderr).toBe(5);
    expect(ended.stdout).toMatch(/… lagging: .*\n +replication: \d records behind/);
    expect(stack.log('replication') + stack.log('replication-2')).toMatch(
      /MICROSERVICE-CUSTOMER-UPDATES\[0\]@\d+ can't be applied: .*is not valid JSON/,
    );
    // What is left where every failure is swallowed and offsets are committed all the same.
    for (const name of ['replication', 'replication-2']) expect((await stack.run('stop', name)).code).toBe(0);
    await moveGroup(stack, 'customer-replication', UPDATES, 'latest');
    for (const name of ['replication', 'replication-2']) expect((await stack.run('start', name)).code).toBe(0);
    const lost = await verify('customers');
    expect(lost.code, lost.stdout + lost.stderr).toBe(1);
    expect(lost.stdout).toMatch(/name +Late|missing +1? *[0-9a-f-]{36}/);
  });
});
