import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostgresClient } from '../../src/clients/postgres/client.js';
import { waitUntil } from '../../src/support/retry.js';
import { Stack } from '../support/stack.js';

/** One stack; what the original did wrong is tried on it, one after the other, and mended each time. */
let stack: Stack;
let monolith: PostgresClient;
let catalog: PostgresClient;

beforeAll(async () => {
  stack = await Stack.prepare('monolith-split');
  const ended = await stack.run('smoke', '--up', '--timeout', '90s');
  expect(ended.code, `${ended.stdout}${ended.stderr}`).toBe(0);
  expect(ended.stdout).toMatch(/✓ an-entry-of-the-catalog-reaches-the-monolith/);
  expect(ended.stdout).toMatch(/✓ lag .*2 groups and 2 outboxes/);
  [monolith, catalog] = await Promise.all([stack.database('monolith'), stack.database('catalog')]);
});

afterAll(async () => {
  await monolith?.close();
  await catalog?.close();
  await stack?.remove();
});

async function call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${await stack.url('gateway')}${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  expect(answer.ok, `${method} ${path} answers ${answer.status} ${text}`).toBe(true);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

const productOf = (name: string) => ({ name, product_category: 'tool', discontinued: false });

const replicaName = async (uuid: unknown): Promise<string | undefined> =>
  (await catalog.queryText('SELECT name FROM catalog_product WHERE product_uuid = $1', [uuid]))[0]?.[0] ?? undefined;

const untilReplicaIs = (uuid: unknown, name: string) =>
  waitUntil(
    `the catalog to call ${uuid} ${name}`,
    async () => ((await replicaName(uuid)) === name ? true : undefined),
    { timeoutMs: 60_000 },
  );

async function expectConsistent(): Promise<void> {
  const verified = await stack.run('verify-consistency', '--timeout', '60s');
  expect(verified.code, `${verified.stdout}${verified.stderr}`).toBe(0);
}

it('has a gateway whose routes doctor knows', async () => {
  const well = await stack.run('doctor');
  expect(well.stdout).toMatch(/gateway +2 routes, all services answer/);
});

it('loses none of several updates within a second, and calls a new product new', async () => {
  const { id } = await call('POST', '/api/v1/product', productOf('v1'));
  for (const name of ['v2', 'v3', 'v4']) await call('PUT', `/api/v1/product/${id}`, productOf(name));
  await untilReplicaIs(id, 'v4');
  await call('DELETE', `/api/v1/product/${id}`);
  await waitUntil(
    'the product to be discontinued in the catalog',
    async () => {
      const [row] = await catalog.queryText('SELECT discontinued FROM catalog_product WHERE product_uuid = $1', [id]);
      return row?.[0] === 't' ? true : undefined;
    },
    { timeoutMs: 60_000 },
  );
  const events = await monolith.queryText(
    "SELECT body::json->>'name' FROM product_event WHERE key = $1 ORDER BY number",
    [id],
  );
  expect(events.flat()).toEqual([
    'PRODUCT_CREATED',
    'PRODUCT_UPDATED',
    'PRODUCT_UPDATED',
    'PRODUCT_UPDATED',
    'PRODUCT_DISCONTINUED',
  ]);
});

describe('while the sender is held back', () => {
  it('says lagging, with the outbox, how many events are unsent and how old they are', async () => {
    const { id } = await call('POST', '/api/v1/product', productOf('sent'));
    await untilReplicaIs(id, 'sent');
    expect((await stack.run('stop', 'monolith')).code).toBe(0);
    // What a service leaves that dies between its commit and its sending.
    await monolith.execute(`UPDATE product_product SET name = 'unsent', revision = revision + 1 WHERE id = '${id}';
      INSERT INTO product_event (id, topic, key, body, time_created)
      SELECT gen_random_uuid(), topic, key, replace(replace(body, '"sent"', '"unsent"'), '"revision":1', '"revision":2'),
             now() - interval '5 min' FROM product_event WHERE key = '${id}'`);
    const verified = await stack.run('verify-consistency', '--timeout', '12s');
    expect(verified.stdout).toMatch(/monolith: 1 event behind \(unsent in product_event, the oldest for 3\d\d s\)/);
    expect(verified.stdout).toMatch(/no-unsent-produ/);
    expect(verified.code).not.toBe(0);
    expect((await stack.run('up', '--no-verify')).code).toBe(0); // the resender finds it
    await untilReplicaIs(id, 'unsent');
    await expectConsistent();
  });
});

it('loses nothing of what is changed while the broker is away', async () => {
  const made = await Promise.all(['a', 'b', 'c'].map((name) => call('POST', '/api/v1/product', productOf(name))));
  expect((await stack.run('stop', 'kafka')).code).toBe(0);
  for (const { id } of made) {
    await call('PUT', `/api/v1/product/${id}`, productOf('during'));
    await call('PUT', `/api/v1/product/${id}`, productOf('after'));
  }
  const unsent = await monolith.queryText('SELECT count(*) FROM product_event WHERE NOT sent');
  expect(Number(unsent[0]?.[0])).toBeGreaterThanOrEqual(6);
  expect((await stack.run('up', '--no-verify')).code).toBe(0);
  for (const { id } of made) await untilReplicaIs(id, 'after');
  await expectConsistent();
});

it('lets an entry wait for its market instead of ending the consumer, and finds the missing market', async () => {
  const entry = { market_iso_code: 'NO', start_offering: '2026-05-01', offering_ends: '2026-06-01' };
  const { id: product_uuid } = await call('POST', '/api/v1/product', productOf('fjord'));
  await catalog.execute("INSERT INTO catalog_market VALUES ('NO', 'Norway')");
  // The catalog answers 503 until the product has arrived.
  await untilReplicaIs(product_uuid, 'fjord');
  await call('POST', '/catalog/api/v1/entry', { ...entry, product_uuid });
  await waitUntil(
    () => `the wait to be said in\n${stack.log('monolith-consumer')}`,
    async () => (/waits for market NO/.test(stack.log('monolith-consumer')) ? true : undefined),
    { timeoutMs: 60_000 },
  );
  const verified = await stack.run('verify-consistency', '--timeout', '15s');
  expect(verified.stdout).toMatch(/NO/);
  expect(verified.stdout).toMatch(/monolith-consumer: 1 record behind/);
  expect(verified.code).toBe(1); // markets differ for good
  expect((await stack.process('monolith-consumer'))?.restarts).toBe(0);
  await monolith.execute("INSERT INTO catalog_market VALUES ('NO', 'Norway')");
  await expectConsistent();
});

it('names the row that was changed beside the service, and the one whose event was called sent before it was', async () => {
  const byHand = await call('POST', '/api/v1/product', productOf('by hand'));
  const unsent = await call('POST', '/api/v1/product', productOf('acknowledged'));
  await untilReplicaIs(byHand.id, 'by hand');
  await untilReplicaIs(unsent.id, 'acknowledged');
  await monolith.execute(`UPDATE product_product SET name = 'edited' WHERE id = '${byHand.id}';
    UPDATE product_product SET name = 'called sent', revision = revision + 1 WHERE id = '${unsent.id}';
    INSERT INTO product_event (id, topic, key, body, sent)
    SELECT gen_random_uuid(), topic, key, replace(body, '"acknowledged"', '"called sent"'), true
    FROM product_event WHERE key = '${unsent.id}'`);
  const verified = await stack.run('verify-consistency', '--timeout', '30s');
  expect(verified.code).toBe(1);
  expect(verified.stdout).toMatch(new RegExp(`${byHand.id} +name +source edited +replica by hand`));
  expect(verified.stdout).toMatch(new RegExp(`${unsent.id} +name +source called sent +replica acknowledged`));
  for (const { id } of [byHand, unsent]) {
    await call('PUT', `/api/v1/product/${id}`, productOf('mended'));
    await untilReplicaIs(id, 'mended');
  }
});

it('finds the second of two quick updates where a consumer drops it, as the original did by comparing with the time of its own work', async () => {
  const file = join(stack.box.folder, 'services', 'catalog-consumer.ts');
  const ours = readFileSync(file, 'utf8');
  const original = ours
    .replace('{ data, revision }', '{ data, revision, dateOccurred }')
    .replace('WHERE catalog_product.revision < excluded.revision', 'WHERE catalog_product.updated_at < $6')
    .replace('data.discontinued, revision]', 'data.discontinued, revision, dateOccurred]');
  expect((await stack.run('stop', 'catalog-consumer')).code).toBe(0);
  writeFileSync(file, original);
  try {
    const { id } = await call('POST', '/api/v1/product', productOf('first'));
    await call('PUT', `/api/v1/product/${id}`, productOf('second'));
    expect((await stack.run('up', '--no-verify')).code).toBe(0);
    await untilReplicaIs(id, 'first');
    const verified = await stack.run('verify-consistency', 'products');
    expect(verified.code, verified.stdout).toBe(1);
    expect(verified.stdout).toMatch(new RegExp(`${id} +name +source second +replica first`));
    writeFileSync(file, ours);
    expect((await stack.run('up', '--no-verify')).code).toBe(0);
    await call('PUT', `/api/v1/product/${id}`, productOf('third'));
    await untilReplicaIs(id, 'third');
  } finally {
    writeFileSync(file, ours);
  }
});

it('adds nothing when it is brought up again, and passes its smoke tests again, and is gone afterwards', async () => {
  const before = await monolith.queryText('SELECT count(*) FROM product_event');
  const up = await stack.run('up');
  expect(up.code, `${up.stdout}${up.stderr}`).toBe(0);
  expect(up.stdout).toContain('Nothing to change.');
  expect(await monolith.queryText('SELECT count(*) FROM product_event')).toEqual(before);
  const ended = await stack.run('smoke', '--down');
  expect(ended.code, `${ended.stdout}${ended.stderr}`).toBe(0);
});
