import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import { loginOf } from '../../src/kinds/rabbitmq/component.js';
import { type Holder, roleName } from '../../src/targets/roles.js';
import { PipelineSecrets } from '../../src/targets/secrets.js';
import { Stack } from '../support/stack.js';

/** A whole pipeline, attacked from where an attacker would be: a web page, another user of the machine, a service taken over. */
let stack: Stack;
let pids: number[];

beforeAll(async () => {
  const pipeline = fileURLToPath(new URL('../fixtures/pipelines/attacked', import.meta.url));
  stack = await Stack.up(pipeline);
  const supervisor = await stack.pidOf('supervisor');
  const children = (await stack.processes()).map(({ pid }) => pid);
  pids = [supervisor, ...children].filter((pid) => pid !== undefined);
});
afterAll(() => stack?.remove());

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** fetch sets Host and Origin itself. */
function send(
  port: number,
  path: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      text(response).then((all) => resolve({ status: response.statusCode ?? 0, body: all }), reject);
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

describe.each([
  ['registry', '/subjects', '/subjects/attack/versions', '{"schema":"\\"string\\""}'],
  ['connect', '/connectors', '/connectors/orders/restart', ''],
  ['ksqldb', '/info', '/ksql', '{"ksql":"DROP STREAM ORDERS;"}'],
  ['rabbitmq', '/api/overview', '/api/queues', ''],
  ['gateway', '/api/notes', '/api/notes', 'text=attack'],
  ['notes', '/api/notes', '/api/notes', 'text=attack'],
  ['notes', '/admin/', '/admin/login', 'user=root&password=P%40ssw0rd1'],
])('a web page at %s%s', (name, reads, posts, body) => {
  const form = 'application/x-www-form-urlencoded';
  it.each([
    ['by a name of its own that leads to loopback', 421, { host: 'evil.example' }],
    ['by a name that begins like loopback', 421, { host: '127.0.0.1.evil.example' }],
    ['with its own origin', 403, { origin: 'https://evil.example' }],
    ['with an origin on another port of loopback', 403, { origin: 'http://127.0.0.1:1' }],
    ['from a sandboxed frame', 403, { origin: 'null' }],
    ['as text/plain from another site', 403, { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' }],
    ['as a form of another site', 403, { 'sec-fetch-site': 'cross-site', 'content-type': form }],
  ])('neither reads nor writes %s', async (_, status, headers) => {
    const port = await stack.portOf(name);
    const named = Object.fromEntries(Object.entries(headers)) as Record<string, string>;
    expect((await send(port, reads, 'GET', named)).status, 'GET').toBe(status);
    expect((await send(port, posts, 'POST', named, body)).status, 'POST').toBe(status);
  });
});

it('nothing was written by all these pages', async () => {
  const [registry, ksqldb, notes] = [await stack.url('registry'), await stack.url('ksqldb'), await stack.url('notes')];
  expect(await (await fetch(`${registry}/subjects`)).json()).toEqual(['notes-value']);
  const listed = await fetch(`${ksqldb}/ksql`, { method: 'POST', body: '{"ksql":"LIST STREAMS;"}' });
  expect(await listed.text()).toContain('"ORDERS"');
  expect(await (await fetch(`${notes}/api/notes`)).text()).not.toContain('attack');
});

it('no process of the pipeline listens on anything but loopback', () => {
  const inodes = new Set(pids.flatMap(socketsOf));
  const listening = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/self/net/${table}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .flatMap((fields) => (fields[3] === '0A' && inodes.has(fields[9] ?? '') ? [fields[1] ?? ''] : [])),
  );
  expect(listening.length).toBeGreaterThanOrEqual(8);
  for (const address of listening) expect(address).toMatch(/^0100007F:/);
});

function socketsOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // closed in between
    }
  });
}

/** Every password of the pipeline. */
function passwords(): readonly string[] {
  const secrets = new PipelineSecrets(stack.stateFolder);
  const holders: readonly Holder[] = ['owner', 'reader', 'service/notes', 'connector/orders'];
  return [
    secrets.postgresPassword(),
    loginOf(undefined, secrets).password,
    secrets.derived('sessions of notes'),
    ...holders.map((holder) => secrets.rolePassword(roleName('shop', holder))),
  ];
}

it('no command line holds a password', () => {
  const lines = pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  for (const password of passwords()) expect(lines.join('\n')).not.toContain(password);
});

it('only the service that refers to a database holds a login to it, and not the superuser', async () => {
  const superuser = new PipelineSecrets(stack.stateFolder).postgresPassword();
  const environments = pids.map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'));
  const notes = readFileSync(`/proc/${await stack.pidOf('notes')}/environ`, 'utf8');
  expect(notes).toContain('postgres://shop%2Fservice%2Fnotes:');
  expect(notes).toContain('postgres://_store_documents%2Fservice%2Fnotes:');
  for (const environment of environments) expect(environment).not.toContain(superuser);
  const others = environments.filter((environment) => environment !== notes).join('\n');
  for (const password of passwords()) expect(others).not.toContain(password);
});

it('what a service prints of its secrets is shown nowhere', async () => {
  expect(stack.log('notes')).toContain(passwords()[2]);
  const logs = await stack.run('logs', '-n', '10000');
  const json = await stack.run('logs', 'notes', '--output', 'json');
  expect(logs.stdout).toContain('session secret [hidden], token [hidden]');
  for (const secret of [...passwords(), 'm41l-t0ken']) {
    expect(logs.stdout).not.toContain(secret);
    expect(json.stdout).not.toContain(secret);
  }
});

it.each([['guest:guest'], ['evpipe:evpipe'], ['evpipe:']])(
  'RabbitMQ lets nobody in as %s, by neither of its protocols',
  async (login) => {
    const port = await stack.portOf('rabbitmq');
    const { connect } = await import('amqplib');
    await expect(connect(`amqp://${login}@127.0.0.1:${port}`)).rejects.toThrow(/ACCESS.REFUSED/);
    const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
    expect((await send(port, '/api/overview', 'GET', { authorization })).status).toBe(401);
  },
);

it('RabbitMQ answers to nobody without a login', async () => {
  expect((await send(await stack.portOf('rabbitmq'), '/api/overview', 'GET', {})).status).toBe(401);
});

it.each(['postgres', 'evpipe', 'shop/owner', 'shop/service/notes'])(
  'PostgreSQL lets nobody in as %s without its password',
  async (user) => {
    const port = await stack.portOf('postgres');
    for (const password of ['', user, 'postgres']) {
      const url = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/shop`;
      await expect(connectPostgres({ url })).rejects.toThrow(
        /authentication failed|password must be a string|no password/,
      );
    }
  },
);

/** Root starts it as an account that owns nothing; elsewhere there is only one's own account to test as. */
describe.runIf(process.getuid?.() === 0)('another user of the machine', () => {
  const STRANGER = 54_321;

  /** What the script prints, run by the stranger. */
  async function asStranger(script: string, ...args: string[]): Promise<string> {
    const options = { uid: STRANGER, gid: STRANGER, cwd: '/', env: { PATH: process.env.PATH } };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, ...args], options);
    return stdout.trim();
  }

  const attempt = (call: string): string =>
    `try { const fs = require('node:fs'); console.log('got', ${call}); } catch (failure) { console.log(failure.code); }`;

  it('reads nothing of the state folder', async () => {
    // What lies above is open, as in a home folder that everybody may enter.
    chmodSync(dirname(stack.box.folder), 0o755);
    expect(await asStranger(attempt('fs.readdirSync(process.argv[1]).length'), stack.box.folder)).toMatch(/^got/);
    expect(await asStranger(attempt('fs.readdirSync(process.argv[1])'), stack.stateFolder)).toBe('EACCES');
    for (const file of ['secrets.json', 'logs/postgres.log', 'supervisor.sock'])
      expect(await asStranger(attempt('fs.readFileSync(process.argv[1])'), join(stack.stateFolder, file))).toBe(
        'EACCES',
      );
  });

  it('reads no environment and no memory of a process, and signals none', async () => {
    for (const pid of pids) {
      for (const file of ['environ', 'mem', 'maps'])
        expect(await asStranger(attempt('fs.readFileSync(process.argv[1])'), `/proc/${pid}/${file}`)).toBe('EACCES');
      expect(await asStranger(attempt('process.kill(Number(process.argv[1]), 0)'), String(pid))).toBe('EPERM');
    }
  });

  it('reads nothing of the cluster that PostgreSQL keeps for an account of its own', async () => {
    const pid = await stack.pidOf('postgres');
    const cluster = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .find((one) => one.startsWith('PGDATA='));
    expect(await asStranger(attempt('fs.readdirSync(process.argv[1])'), cluster?.slice('PGDATA='.length) ?? '')).toBe(
      'EACCES',
    );
  });
});
