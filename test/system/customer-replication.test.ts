import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../src/support/retry.js';
import { Stack } from '../support/stack.js';

const UPDATES = 'MICROSERVICE-CUSTOMER-UPDATES';
const NOTIFICATIONS = 'MICROSERVICE-CUSTOMER-EMAIL-NOTIFICATION';

describe('customer-replication', () => {
  let stack: Stack;
  let kafka: Kafka;

  beforeAll(async () => {
    stack = await Stack.up('customer-replication', '--profile', 'test');
    kafka = new Kafka({ brokers: [`127.0.0.1:${await stack.portOf('kafka')}`], logLevel: logLevel.NOTHING });
  });
  afterAll(() => stack?.remove());

  const verify = (...args: string[]) => stack.run('verify-consistency', '--profile', 'test', ...args);

  it('names a document that was changed, deleted or put there behind its back, with field and both values', async () => {
    const store = await stack.database('_store_customers');
    try {
      const before = await store.queryText('SELECT document::text FROM customers ORDER BY id LIMIT 3');
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
      const admin = kafka.admin();
      await admin.connect();
      for (const [groupId, topic] of [
        ['customer-replication', UPDATES],
        ['customer-email-notification', NOTIFICATIONS],
      ] as const) {
        await waitUntil(
          `group ${groupId} to be empty`,
          async () => (await admin.describeGroups([groupId])).groups[0]?.members.length === 0 || undefined,
          { timeoutMs: 30_000 },
        );
        await admin.resetOffsets({ groupId, topic, earliest: true });
      }
      await admin.disconnect();
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

  it('neither loses nor skips a record that nobody can read: what is behind it waits, and the check says for what', async () => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: UPDATES, messages: [{ value: 'no event' }] });
    await producer.disconnect();
    const created = await fetch(`${await stack.url('customers')}/api/customers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Late', phone: '1', email: 'late@example.org' }),
    });
    expect(created.status).toBe(201);
    const ended = await verify('customers', '--timeout', '3s');
    expect(ended.code, ended.stdout + ended.stderr).toBe(5);
    expect(ended.stdout).toMatch(/… lagging: .*\n +replication: \d records behind/);
    expect(stack.log('replication') + stack.log('replication-2')).toMatch(
      /MICROSERVICE-CUSTOMER-UPDATES\[0\]@\d+ can't be applied: .*is not valid JSON/,
    );
  });
});
