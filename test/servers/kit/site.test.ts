import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectPostgres } from '../../../src/clients/postgres/client.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { date, entity, integer, startService, text, timestamp, writeOutbox } from '../../../src/kit/index.js';
import type { StartedService } from '../../../src/kit/service.js';
import { silentLog } from '../../../src/support/log.js';

const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-kit-site-'));
const ID = '7c1f39a0-0000-4000-8000-000000000001';
const ADA = { name: 'Ada <i>', born: '1815-12-10', score: 7 };

const things = entity({
  name: 'old thing',
  plural: 'old-things',
  table: 'thing',
  order: ['name'],
  fields: { name: text(), born: date(), score: integer(), modified: timestamp('changed') },
  async onChange(transaction, { kind, row: { id, name } }) {
    if (name === 'unreportable') throw new Error('no report today');
    const payload = kind === 'deleted' ? null : Buffer.from(name);
    await writeOutbox(transaction, { topic: 'things', key: id, type: `thing.${kind}`, source: 'test', payload });
  },
});

let postgres: RunningPostgres;
let service: StartedService;
let url: string;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir });
});
afterAll(async () => {
  await postgres.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

beforeEach(async () => {
  await sql(
    `CREATE TABLE thing (id uuid PRIMARY KEY, name varchar(100), born date, score bigint, modified timestamptz DEFAULT now())`,
  );
  await sql(`CREATE TABLE events_outboxitem (number serial, id uuid PRIMARY KEY, topic text, message_key text, timestamp timestamptz DEFAULT now(),
    event_type text, source text, content_type text DEFAULT 'application/avro', payload bytea)`);
  service = await start(postgres.url);
});
afterEach(async () => {
  await service.stop();
  await sql('DROP TABLE thing, events_outboxitem');
});

async function start(databaseUrl: string): Promise<StartedService> {
  const main = async (own: Parameters<Parameters<typeof startService>[0]>[0]) => {
    const database = await own.database();
    await own.serve({ title: 'Things & more', database, entities: [things] });
  };
  const onFailure = (failure: unknown) => {
    throw failure;
  };
  const started = await startService(main, {
    env: { DATABASE_URL: databaseUrl, SESSION_SECRET: 'of this test' },
    log: silentLog,
    onFailure,
  });
  url = `http://127.0.0.1:${started.port}`;
  return started;
}

async function sql(statement: string): Promise<readonly (readonly (string | null)[])[]> {
  const client = await connectPostgres({ url: postgres.url });
  try {
    return await client.queryText(statement);
  } finally {
    await client.close();
  }
}

async function api(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(`${url}/api/old-things${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  return { status: response.status, json: answer === '' ? {} : (JSON.parse(answer) as Record<string, unknown>) };
}

const outbox = () =>
  sql(`SELECT event_type, message_key, convert_from(payload, 'UTF8') FROM events_outboxitem ORDER BY number`);

describe('the API of an entity', () => {
  it('creates, reads, changes and deletes, and reports each change in its transaction', async () => {
    const created = await api('POST', '', { id: ID, ...ADA });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({ id: ID, ...ADA });
    expect((await api('GET', `/${ID}`)).json).toEqual(created.json);
    const changed = await api('PUT', `/${ID}`, { ...ADA, name: 'Bob', score: 2 ** 53 - 1 });
    expect(changed).toMatchObject({ status: 200, json: { name: 'Bob', born: '1815-12-10', score: 2 ** 53 - 1 } });
    expect(Date.parse(String(changed.json.modified))).toBeGreaterThan(Date.parse(String(created.json.modified)));
    expect((await api('DELETE', `/${ID}`)).status).toBe(204);
    expect(await outbox()).toEqual([
      ['thing.created', ID, 'Ada <i>'],
      ['thing.updated', ID, 'Bob'],
      ['thing.deleted', ID, null],
    ]);
    for (const method of ['GET', 'DELETE']) expect((await api(method, `/${ID}`)).status).toBe(404);
    expect((await api('PUT', `/${ID}`, ADA)).status).toBe(404);
    expect((await api('GET', '/not-a-uuid')).status).toBe(404);
    expect((await api('DELETE', '/not-a-uuid')).status).toBe(404);
  });

  it('answers a repeated creation with what is there, unchanged and unreported', async () => {
    const first = await api('POST', '', { id: ID, ...ADA });
    const again = await Promise.all([1, 2, 3].map((score) => api('POST', '', { id: ID, ...ADA, score })));
    expect(again).toEqual([1, 2, 3].map(() => ({ status: 200, json: first.json })));
    expect(await outbox()).toHaveLength(1);
  });

  it('writes nothing where the report fails', async () => {
    expect((await api('POST', '', { ...ADA, name: 'unreportable' })).status).toBe(500);
    expect(await sql('SELECT count(*) FROM thing')).toEqual([['0']]);
    expect((await api('POST', '', ADA)).status).toBe(201);
  });

  it('names every field that it refuses', async () => {
    const refused = await api('POST', '', { id: 'x', born: '2026-02-30', score: 1.5 });
    expect(refused).toMatchObject({
      status: 400,
      json: {
        error: {
          fields: {
            id: 'must be a UUID',
            name: 'is missing',
            born: 'must be a day as YYYY-MM-DD',
            score: 'must be a whole number',
          },
        },
      },
    });
    expect((await api('POST', '', 'text')).status).toBe(400);
  });

  it('lists in pages and finds text as it stands, wildcards included', async () => {
    for (const name of ['c', 'a', 'b%', 'bb']) await api('POST', '', { ...ADA, name });
    const names = async (query: string) => {
      const { json } = await api('GET', `?${query}`);
      return { names: (json.items as { name: string }[]).map(({ name }) => name), total: json.total };
    };
    expect(await names('page_size=3')).toEqual({ names: ['a', 'b%', 'bb'], total: 4 });
    expect(await names('page_size=3&page=2')).toEqual({ names: ['c'], total: 4 });
    expect(await names('q=b%25')).toEqual({ names: ['b%'], total: 1 });
    expect(await names('q=1815-12')).toMatchObject({ total: 4 });
  });

  it('says that it is unwell while its database is away, and recovers', async () => {
    const { status } = await fetch(`${url}/health`);
    expect(status).toBe(200);
    await service.stop();
    service = await start('postgres://postgres@127.0.0.1:1/postgres');
    expect((await fetch(`${url}/health`)).status).toBe(503);
    expect((await api('POST', '', ADA)).status).toBe(503);
    await service.stop();
    service = await start(postgres.url);
    await sql(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
    );
    expect((await api('POST', '', ADA)).status).toBe(201);
  });
});

class Browser {
  private readonly cookies = new Map<string, string>();

  async go(path: string, form?: Record<string, string>): Promise<{ status: number; path: string; page: string }> {
    const response = await fetch(`${url}${path}`, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value !== undefined) this.cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) return this.go(location);
    return { status: response.status, path, page: await response.text() };
  }

  async logIn(): Promise<void> {
    await this.go('/admin/login', { username: 'root', password: 'P@ssw0rd1' });
  }

  /** The token that the page's forms carry. */
  async token(path = '/admin/old-things/new'): Promise<string> {
    return /name="token" value="([^"]+)"/.exec((await this.go(path)).page)?.[1] ?? '';
  }
}

describe('the admin site', () => {
  it('lets nobody in without the login, and then leads where one wanted to go', async () => {
    const browser = new Browser();
    const turnedAway = await browser.go('/admin/old-things?q=a');
    expect(turnedAway.path).toBe('/admin/login?next=%2Fadmin%2Fold-things%3Fq%3Da');
    const wrong = await browser.go('/admin/login', { username: 'root', password: 'root' });
    expect(wrong).toMatchObject({
      status: 401,
      page: expect.stringContaining('The user name or the password is wrong.'),
    });
    const right = { username: 'root', password: 'P@ssw0rd1' };
    expect(await browser.go('/admin/login', { ...right, next: '/admin/old-things?q=a' })).toMatchObject({
      status: 200,
      path: '/admin/old-things?q=a',
    });
    expect((await browser.go('/admin/login', { ...right, next: '//elsewhere.example' })).path).toBe('/admin/');
    await browser.go('/admin/logout', { token: await browser.token() });
    expect((await browser.go('/admin/old-things')).path).toContain('/admin/login');
  });

  it('adds, shows, changes and deletes; what users type stays text', async () => {
    const browser = new Browser();
    await browser.logIn();
    const token = await browser.token();
    const form = { token, name: ADA.name, born: ADA.born, score: '7' };
    expect((await browser.go('/admin/old-things/new', form)).page).toContain('The old thing was added.');
    const { page } = await browser.go('/admin/old-things');
    expect(page).toContain('Ada &#60;i&#62;');
    expect(page).not.toContain('<i>');
    const id = /old-things\/([0-9a-f-]{36})"/.exec(page)?.[1] ?? '';
    expect((await browser.go(`/admin/old-things/${id}`)).page).toContain('value="1815-12-10"');
    const refused = await browser.go(`/admin/old-things/${id}`, { ...form, born: 'never' });
    expect(refused).toMatchObject({ status: 400, page: expect.stringContaining('Born must be a day as YYYY-MM-DD.') });
    expect((await browser.go(`/admin/old-things/${id}`, { ...form, score: '8' })).page).toContain('was changed.');
    expect(await sql('SELECT born, score FROM thing')).toEqual([['1815-12-10', '8']]);
    expect((await browser.go(`/admin/old-things/${id}/delete`)).page).toContain('Delete this old thing?');
    expect((await browser.go(`/admin/old-things/${id}/delete`, { token })).page).toContain('was deleted.');
    expect((await outbox()).map(([type]) => type)).toEqual(['thing.created', 'thing.updated', 'thing.deleted']);
    expect((await browser.go(`/admin/old-things/${id}`)).status).toBe(404);
  });

  it('refuses a form that is not its own', async () => {
    const browser = new Browser();
    await browser.logIn();
    const another = new Browser();
    await another.logIn();
    for (const token of ['', 'x', await another.token()]) {
      const { status } = await browser.go('/admin/old-things/new', { token, name: 'a', born: ADA.born, score: '1' });
      expect(status).toBe(403);
    }
    expect(await sql('SELECT count(*) FROM thing')).toEqual([['0']]);
  });

  it('keeps a session through a restart of the service', async () => {
    const browser = new Browser();
    await browser.logIn();
    await service.stop();
    service = await start(postgres.url);
    expect((await browser.go('/admin/old-things')).path).toBe('/admin/old-things');
  });
});
