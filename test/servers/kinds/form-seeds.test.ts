import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectService, type ServiceClient } from '../../../src/clients/service/client.js';
import { fileStore } from '../../../src/kinds/ledger/file-store.js';
import { type Ledger, ledgerIn } from '../../../src/kinds/ledger/ledger.js';
import { applySeed, type ServiceSeed } from '../../../src/kinds/seed/service-seed.js';
import { Browser } from '../../../src/kinds/service/browser.js';

/** An application as frameworks make them: a session, a token in each form, a redirect after what was accepted. */
class Desk {
  readonly names: string[] = [];
  private readonly ids = new Set<string>();
  private readonly sessions = new Set<string>();
  private readonly server: Server = createServer((request, response) => void this.answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => void this.server.close(() => resolve()));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = new URLSearchParams(await text(request));
    const session = /session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    const page = (form: string, status = 200): void =>
      void response.writeHead(status, { 'content-type': 'text/html' }).end(`<html>${form}</html>`);
    const redirect = (location: string, cookie = 'seen=1'): void =>
      void response.writeHead(302, { location, 'set-cookie': cookie }).end();
    const login = (error: string): string =>
      `<form method="post"><p class="error">${error}</p><input name="user"><input name="password" type="password"></form>`;
    if (request.url?.startsWith('/login')) {
      if (request.method === 'GET') return page(login(''));
      if (sent.get('password') !== 'open sesame') return page(login('Wrong password.'));
      this.sessions.add('s1');
      return redirect('/persons/add', 'session=s1; Path=/; HttpOnly');
    }
    if (!this.sessions.has(session)) return redirect('/login?next=/persons/add');
    const form = (error: string): string =>
      '<form method="post" id="logout" action="/logout"></form>' +
      `<form method="post"><input type="hidden" name="token" value="t-${this.names.length}"><p class="error">${error}</p>` +
      '<input name="id"><input name="name"><input type="checkbox" name="vip"></form>';
    if (request.method === 'GET') return page(form(''));
    if (sent.get('token') !== `t-${this.names.length}`) return page('token is wrong', 403);
    const id = sent.get('id') ?? '';
    if (this.ids.has(id)) return page(form('There is one with this id.'));
    this.ids.add(id);
    this.names.push(`${sent.get('name')}${sent.get('vip') === 'on' ? ' (vip)' : ''}`);
    redirect(`/persons/${id}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'evpipe-form-seeds-'));
const { signal } = new AbortController();
let desk: Desk;
let service: ServiceClient;
let ledger: Ledger;

beforeEach(async () => {
  desk = new Desk();
  service = connectService('desk', { url: await desk.start() });
  ledger = await ledgerIn(fileStore(join(folder, 'ledger')));
});
afterEach(async () => {
  service.close();
  await desk.stop();
  rmSync(folder, { recursive: true, force: true });
});

const SEED: ServiceSeed = {
  name: 'persons',
  service: 'desk',
  path: '/persons/add',
  rows: 4,
  random: 1,
  values: { name: 'person.firstName', vip: { oneOf: [true, false] } },
  form: true,
  login: { path: '/login', form: { user: 'root', password: 'open sesame' } },
};

const run = (seed: ServiceSeed, stopAt?: number): Promise<number> =>
  applySeed(
    seed,
    new Map(),
    { service, ledger },
    {
      progress: (done) => {
        if (done === stopAt) throw new Error('stopped');
      },
      signal,
    },
  );

it('logs in, sends one form per row with its token, and goes on where it was stopped', async () => {
  await expect(run(SEED, 2)).rejects.toThrow('stopped');
  expect(desk.names).toHaveLength(2);
  expect(await run(SEED)).toBe(2);
  expect(await run(SEED)).toBe(0);
  expect(desk.names).toHaveLength(4);
  expect(desk.names.some((name) => name.endsWith('(vip)'))).toBe(true);
});

it('believes that a row is there already only where a killed run may have sent it', async () => {
  const killed: Ledger = {
    ...ledger,
    put: async (key, value) => {
      if ((value as { done: number }).done === 1) throw new Error('killed');
      await ledger.put(key, value);
    },
  };
  const options = { progress: () => {}, signal };
  await expect(applySeed(SEED, new Map(), { service, ledger: killed }, options)).rejects.toThrow('killed');
  expect(desk.names).toHaveLength(1);
  expect(await run(SEED)).toBe(4);
  expect(desk.names).toHaveLength(4);

  await ledger.forget('seed/persons');
  await expect(run(SEED)).rejects.toThrow(
    'service desk rejected row 1 of seed persons at /persons/add: it shows the form again: There is one with this id.',
  );
  await expect(run(SEED), 'it was refused, not interrupted').rejects.toThrow('rejected row 1');
});

it('says what is wrong with the login, the fields and the page', async () => {
  const wrong = { path: '/login', form: { user: 'root', password: 'x' } };
  await expect(run({ ...SEED, login: wrong })).rejects.toThrow(
    'seed persons cannot log in at /login of service desk: it shows the form again: Wrong password.',
  );
  await expect(run({ ...SEED, login: undefined })).rejects.toThrow(
    'the page /login?next=/persons/add, where /persons/add redirects to, of service desk has no form with the field name',
  );
  await expect(run({ ...SEED, values: { nam: 'person.firstName' } })).rejects.toThrow(
    'the page /persons/add of service desk has no form with the field nam, did you mean name?',
  );
});

it('asks which form is meant where the fields do not say it', async () => {
  const visitor = new Browser(service, 'desk');
  await visitor.submit({ path: '/login', fields: { user: 'root', password: 'open sesame' } }, signal);
  const submit = (fields: Record<string, string>, which?: string) =>
    visitor.submit({ path: '/persons/add', fields, which }, signal);
  await expect(submit({})).rejects.toMatchObject({
    message:
      'page /persons/add of service desk has several forms that may be meant: #logout (no fields); one without id and action (token, id, name, vip)',
    todo: 'Say which one by its id, name or action: which: …',
  });
  await expect(submit({}, 'logut')).rejects.toThrow('the page /persons/add of service desk has no form logut');
  expect((await submit({ id: '1', name: 'Ada' })).refused).toBeUndefined();
  expect(desk.names).toEqual(['Ada']);
});
