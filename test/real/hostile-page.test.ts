import { access } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stack } from '../support/stack.js';

/**
 * A page that a developer merely opens, in a real browser, beside a pipeline that runs. Whatever it sends, a server
 * without any checks takes: that shows that the attacks are ones.
 */
const CHROMIUM = '/usr/bin/chromium';

const SERVERS = [
  { name: 'registry', path: '/subjects/attack/versions', body: '{"schema":"\\"string\\""}' },
  { name: 'connect', path: '/connectors/orders/restart', body: '' },
  {
    name: 'ksqldb',
    path: '/ksql',
    body: '{"ksql":"CREATE STREAM attack (id INT) WITH (KAFKA_TOPIC=\'attack\', PARTITIONS=1, VALUE_FORMAT=\'JSON\');"}',
  },
  { name: 'rabbitmq', path: '/api/queues/%2F/attack', body: '{}' },
  { name: 'gateway', path: '/api/notes', body: 'text=attack' },
  { name: 'notes', path: '/api/notes', body: 'text=attack' },
  { name: 'kafka', path: '/', body: 'attack' },
  { name: 'postgres', path: '/', body: 'attack' },
] as const;

let stack: Stack;
let browser: Browser;
let page: Page;
let attacker: Server;
let defenceless: Server;
/** What came to the server without checks. */
const taken: string[] = [];

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listen = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

beforeAll(async () => {
  await access(CHROMIUM);
  stack = await Stack.up(fileURLToPath(new URL('../fixtures/pipelines/attacked', import.meta.url)));
  attacker = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Free kittens</title>');
  });
  defenceless = createServer((asked, response) => {
    text(asked).then((body) => {
      taken.push(`${asked.method} ${asked.headers.host?.split(':')[0]} ${body}`);
      response.end('secret');
    });
  });
  await Promise.all([listen(attacker), listen(defenceless)]);
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    // Like browsers that have no check of their own for requests to the local network.
    args: [
      '--no-sandbox',
      '--host-resolver-rules=MAP *.example 127.0.0.1',
      '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
    ],
  });
  page = await browser.newPage();
});

afterAll(async () => {
  await browser?.close();
  for (const server of [attacker, defenceless]) server?.close();
  await stack?.remove();
});

/** All that a page may send to another origin without asking that one first. */
const ATTACK = `async (url, sent) => {
  const types = ['text/plain', 'application/x-www-form-urlencoded'];
  const post = (headers, body) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', headers, body });
  await Promise.allSettled([
    ...types.map((type) => post({ 'content-type': type }, sent)),
    post({}, undefined),
    fetch(url, { mode: 'no-cors' }),
  ]);
  navigator.sendBeacon(url, sent);
  for (const enctype of types) {
    const frame = Object.assign(document.createElement('iframe'), { name: enctype });
    const form = Object.assign(document.createElement('form'), { action: url, method: 'POST', enctype, target: enctype });
    const [field = '', value = ''] = sent.split('=');
    form.append(Object.assign(document.createElement('input'), { name: field, value }));
    document.body.append(frame, form);
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
    form.submit();
    await loaded;
  }
}`;

const run = <T>(script: string, ...args: readonly string[]): Promise<T> =>
  page.evaluate(`(${script})(${args.map((one) => JSON.stringify(one)).join(', ')})`);

async function attack(port: number, path: string, body: string): Promise<void> {
  await page.goto(`http://kittens.example:${portOf(attacker)}/`);
  await run(ATTACK, `http://127.0.0.1:${port}${path}`, body);
}

/** A name that led to the attacker when the page was loaded, and leads to loopback now: the same origin to the browser. */
async function rebind(port: number, path: string, body: string): Promise<readonly (number | string)[]> {
  const url = `http://rebound.example:${port}/kittens`;
  await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await page.goto(url);
  return run(SAME_ORIGIN, path, body);
}

const SAME_ORIGIN = `async (url, body) => {
  const read = (init) => fetch(url, init).then(({ status }) => status, String);
  return [await read({}), await read({ method: 'POST', headers: { 'content-type': 'application/json' }, body })];
}`;

it('reaches a server without checks in each of these ways', async () => {
  const port = portOf(defenceless);
  await attack(port, '/', 'text=attack');
  expect(taken.filter((one) => one.startsWith('POST 127.0.0.1')).length).toBeGreaterThanOrEqual(6);
  expect(taken).toContain('GET 127.0.0.1 ');
  expect(await rebind(port, '/', 'text=attack')).toEqual([200, 200]);
  expect(taken).toContain('POST rebound.example text=attack');
});

describe.each(SERVERS)('the page at $name', ({ name, path, body }) => {
  it('is turned away by the name that it was led here by', async () => {
    const answers = await rebind(await stack.portOf(name), path, body);
    const isHttp = name !== 'kafka' && name !== 'postgres'; // they speak no HTTP at all
    for (const answer of answers) expect(answer).toBe(isHttp ? 421 : 'TypeError: Failed to fetch');
  });

  it('sends what it can', async () => {
    await attack(await stack.portOf(name), path, body);
  });
});

it('opens no WebSocket through the gateway', async () => {
  await page.goto(`http://kittens.example:${portOf(attacker)}/`);
  const script = `(url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.addEventListener('open', () => resolve('open'));
    socket.addEventListener('error', () => resolve('refused'));
  })`;
  const outcome = await run(script, `ws://127.0.0.1:${await stack.portOf('gateway')}/api/notes`);
  expect(outcome).toBe('refused');
});

it('has changed nothing, and everything still answers', async () => {
  const json = async (name: string, path: string, body?: string): Promise<string> => {
    const answer = await fetch(`${await stack.url(name)}${path}`, body === undefined ? {} : { method: 'POST', body });
    return answer.text();
  };
  expect(await json('registry', '/subjects')).toBe('["notes-value"]');
  expect(await json('ksqldb', '/ksql', '{"ksql":"LIST STREAMS;"}')).not.toContain('ATTACK');
  expect(await json('notes', '/api/notes')).not.toContain('attack');
  expect((await stack.run('topics')).stdout).not.toContain('attack');
  const again = await stack.run('up');
  expect(again.stdout + again.stderr).toContain('Nothing to change.');
  const { stdout } = await stack.run('status', '--output', 'json');
  expect(stdout).not.toMatch(/"state":"(restarting|failed)"/);
});
