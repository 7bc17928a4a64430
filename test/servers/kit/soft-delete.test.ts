import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { entity, flag, generated, NotYet, startService, text } from '../../../src/kit/index.js';
import type { StartedService } from '../../../src/kit/service.js';
import { silentLog } from '../../../src/support/log.js';

const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-kit-soft-delete-'));
const kinds: string[] = [];
let postgres: RunningPostgres;
let service: StartedService;

const products = entity({
  name: 'product',
  plural: 'product',
  table: 'product',
  fields: { name: text(), discontinued: flag(), revision: generated<number>('revision + 1') },
  softDelete: 'discontinued',
  async onChange(_, { kind, row }) {
    if (row.name === 'early') throw new NotYet('its category');
    kinds.push(`${kind} ${row.revision} ${row.discontinued}`);
  },
});

beforeAll(async () => {
  postgres = await startPostgres({ dataDir });
  service = await startService(
    async (own) => {
      const database = await own.database();
      await database.query(`CREATE TABLE product (id uuid PRIMARY KEY, name text UNIQUE CHECK (name <> 'forbidden'),
        discontinued bool, revision bigint DEFAULT 1)`);
      await own.serve({ title: 'Shop', database, entities: [products], admin: '/shop/admin' });
    },
    { env: { DATABASE_URL: postgres.url }, log: silentLog, onFailure: () => {} },
  );
});
afterAll(async () => {
  await service?.stop();
  await postgres?.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: unknown): Promise<[number, Record<string, unknown>]> {
  const answer = await fetch(`http://127.0.0.1:${service.port}${path}`, {
    method,
    redirect: 'manual',
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return [answer.status, text.startsWith('{') ? JSON.parse(text) : { location: answer.headers.get('location') }];
}

it('keeps a row that is deleted, and counts its changes', async () => {
  const [, { id }] = await call('POST', '/api/product', { name: 'drum', discontinued: false });
  await call('PUT', `/api/product/${id}`, { name: 'drums', discontinued: 'false' });
  expect((await call('DELETE', `/api/product/${id}`))[0]).toBe(204);
  expect((await call('GET', `/api/product/${id}`))[1]).toMatchObject({
    name: 'drums',
    discontinued: true,
    revision: 3,
  });
  expect(kinds).toEqual(['created 1 false', 'updated 2 false', 'updated 3 true']);
});

it('answers 409 what other rows forbid, and 503 what has to wait', async () => {
  const drum = { name: 'bell', discontinued: false };
  expect((await call('POST', '/api/product', drum))[0]).toBe(201);
  expect(await call('POST', '/api/product', drum)).toEqual([
    409,
    { error: { code: 'conflict', message: 'Key (name)=(bell) already exists.' } },
  ]);
  expect((await call('POST', '/api/product', { ...drum, name: 'forbidden' }))[0]).toBe(409);
  expect(await call('POST', '/api/product', { ...drum, name: 'early' })).toEqual([
    503,
    { error: { code: 'not-yet', message: 'waits for its category: ask again soon' } },
  ]);
});

it('has its admin site where it is told to', async () => {
  expect(await call('GET', '/shop')).toEqual([302, { location: '/shop/admin/' }]);
  expect(await call('GET', '/shop/admin/product')).toEqual([
    303,
    { location: '/shop/admin/login?next=%2Fshop%2Fadmin%2Fproduct' },
  ]);
  expect((await call('GET', '/admin'))[0]).toBe(404);
});
