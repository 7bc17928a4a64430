import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayRoute } from '../../../../src/embedded/gateway/routes.js';
import { startGateway } from '../../../../src/embedded/gateway/server.js';
import { probe } from '../../../../src/http/client.js';
import { nginxConfig } from '../../../../src/kinds/gateway/nginx.js';
import { closeHttp, listen } from '../../../../src/support/listen.js';
import { silentLog } from '../../../../src/support/log.js';
import { waitUntil } from '../../../../src/support/retry.js';

const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Answers with what it was asked; `/silent` never. */
async function startEcho(): Promise<string> {
  const server = createServer((asked, answer) => {
    if (asked.url?.startsWith('/silent')) return;
    answer.setHeader('x-powered-by', 'echo');
    answer.end(JSON.stringify({ url: asked.url, headers: asked.headers }));
  });
  server.on('upgrade', (asked, socket) => {
    socket.end(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Url: ${asked.url}\r\n\r\n`,
    );
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  ends.push(() => closeHttp(server, 0));
  return `http://127.0.0.1:${port}`;
}

/** A folder of files, and beside it one that no request may reach. */
async function makeFiles(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'evpipe-gateway-'));
  ends.push(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'site/docs'), { recursive: true });
  const files = {
    'site/index.html': '<h1>home</h1>',
    'site/app.js': 'start()',
    'site/style.css': 'a {}',
    'site/a b.txt': 'space',
    'site/data.bin': '0123456789',
    'site/docs/index.html': '<h1>docs</h1>',
    'site/.env': 'PASSWORD=secret',
    'secret.txt': 'secret',
    'site-secret.txt': 'secret',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return join(folder, 'site');
}

interface Case {
  readonly asks: string;
  readonly status: number;
  /** What the service was asked for. */
  readonly url?: string;
  readonly body?: string;
  /** Of the response. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Of the request, as the service got it. */
  readonly got?: Readonly<Record<string, string | undefined>>;
  readonly sends?: Readonly<Record<string, string>>;
}

const CASES: readonly Case[] = [
  { asks: 'GET /plain/7?a=%2Fb', status: 200, url: '/plain/7?a=%2Fb', headers: { 'x-powered-by': 'echo' } },
  { asks: 'GET /plain', status: 200, url: '/plain' },
  { asks: 'GET /plainly', status: 404 },
  { asks: 'GET /', status: 404 },
  { asks: 'GET /strip/7?a=b', status: 200, url: '/7?a=b' },
  { asks: 'GET /strip', status: 200, url: '/' },
  { asks: 'GET /strip?a=b', status: 200, url: '/?a=b' },
  { asks: 'GET /strip/', status: 200, url: '/' },
  { asks: 'GET /strip/a%2Fb%20c/$x', status: 200, url: '/a%2Fb%20c/$x' },
  { asks: 'GET /v1.0/users', status: 200, url: '/api/$2/users' },
  { asks: 'GET /v1.0', status: 200, url: '/api/$2' },
  { asks: 'GET /v1.0?q', status: 200, url: '/api/$2?q' },
  { asks: 'GET /v1x0/users', status: 404 },
  { asks: 'GET /$ref/7', status: 200, url: '/$of/7' },
  { asks: 'GET /$ref', status: 200, url: '/$of' },
  { asks: 'GET /$files', status: 301, headers: { location: '/$files/' } },
  { asks: 'GET /$files/app.js', status: 200, body: 'start()' },
  {
    asks: 'GET /headers',
    status: 200,
    sends: { 'x-tenant': 'forged', cookie: 'a=b' },
    got: { 'x-tenant': 'shop "$1" \\', 'x-forwarded-proto': 'https', cookie: 'a=b', host: 'shop.example' },
    headers: { 'x-powered-by': 'evpipe', 'x-frame-options': 'DENY' },
  },
  { asks: 'GET /slow/silent', status: 504, headers: { 'x-frame-options': 'DENY' } },
  { asks: 'GET /files', status: 301, headers: { location: '/files/' } },
  { asks: 'GET /files?a=b', status: 301, headers: { location: '/files/?a=b' } },
  { asks: 'GET /files/', status: 200, body: '<h1>home</h1>', headers: { 'content-type': 'text/html; charset=utf-8' } },
  {
    asks: 'GET /files/app.js',
    status: 200,
    body: 'start()',
    headers: { 'content-type': 'application/javascript; charset=utf-8' },
  },
  { asks: 'GET /files/style.css?v=2', status: 200, headers: { 'content-type': 'text/css; charset=utf-8' } },
  { asks: 'GET /files/a%20b.txt', status: 200, body: 'space', headers: { 'x-frame-options': 'DENY' } },
  { asks: 'GET /files/data.bin', status: 206, sends: { range: 'bytes=2-4' }, body: '234' },
  { asks: 'HEAD /files/data.bin', status: 200, body: '', headers: { 'content-length': '10' } },
  { asks: 'GET /files/docs', status: 301, headers: { location: '/files/docs/' } },
  { asks: 'GET /files/docs/', status: 200, body: '<h1>docs</h1>' },
  { asks: 'GET /files/missing', status: 404, headers: { 'x-frame-options': 'DENY' } },
  { asks: 'POST /files/app.js', status: 405 },
  { asks: 'GET /files/.env', status: 404 },
  { asks: 'GET /files/api/users', status: 200, url: '/users' },
];

/** What must give nothing away, whatever the status. */
const ATTACKS: readonly string[] = [
  ...['/files/../secret.txt', '/files/%2e%2e/secret.txt', '/files/..%2fsecret.txt', '/files/%2e%2e%2fsecret.txt'],
  ...['/files/docs/../../secret.txt', '/files/..%5csecret.txt', '/files/%252e%252e/secret.txt', '/files/%00secret.txt'],
  ...['/files../secret.txt', '/files-secret.txt', '/files/..;/secret.txt', '/files/%c0%ae%c0%ae/secret.txt'],
  ...['/files/docs/%2e%2e/.env', '/files//.env', '/files/%2eenv', '/strip/../files/.env'],
];

const routesTo = (url: string, files: string): readonly GatewayRoute[] => [
  { prefix: '/plain', service: 'echo', url },
  { prefix: '/strip', service: 'echo', url, rewrite: '/' },
  { prefix: '/v1.0/', service: 'echo', url, rewrite: '/api/$2' },
  { prefix: '/$ref', service: 'echo', url, rewrite: '/$of' },
  { prefix: '/$files', files },
  {
    prefix: '/headers',
    service: 'echo',
    url,
    requestHeaders: { 'X-Tenant': 'shop "$1" \\', 'X-Forwarded-Proto': 'https', Host: 'shop.example' },
    responseHeaders: { 'X-Powered-By': 'evpipe', 'X-Frame-Options': 'DENY' },
  },
  {
    prefix: '/slow',
    service: 'echo',
    url,
    rewrite: '/',
    timeoutMs: 100,
    responseHeaders: { 'X-Frame-Options': 'DENY' },
  },
  { prefix: '/files', files, responseHeaders: { 'X-Frame-Options': 'DENY' } },
  { prefix: '/files/api', service: 'echo', url, rewrite: '/' },
];

async function startEmbedded(routes: readonly GatewayRoute[]): Promise<number> {
  const { port, stop } = await startGateway({ host: '127.0.0.1', port: 0, routes, log: silentLog });
  ends.push(stop);
  return port;
}

async function startNginx(routes: readonly GatewayRoute[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'evpipe-nginx-'));
  ends.push(() => rm(folder, { recursive: true }));
  const placeholder = createServer();
  const port = await listen(placeholder, { host: '127.0.0.1', port: 0 });
  await closeHttp(placeholder, 0);
  await writeFile(
    join(folder, 'nginx.conf'),
    `pid ${folder}/pid; error_log ${folder}/log; events {} http { access_log off; include /etc/nginx/mime.types;
     ${nginxConfig(routes).replace('listen 80', `listen 127.0.0.1:${port}`)} }`,
  );
  const process = spawn(NGINX, ['-c', join(folder, 'nginx.conf'), '-g', 'daemon off; master_process off;'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(process, 'exit');
  ends.push(() => {
    process.kill();
    return ended;
  });
  const answers = async () => ((await probe(`http://127.0.0.1:${port}`, '/', PROBE)) === undefined ? true : undefined);
  await waitUntil('nginx to answer', answers, { timeoutMs: 60_000 });
  return port;
}

/** Any answer will do. */
const PROBE = { timeoutMs: 5_000, anyStatus: true };
const NGINX = '/usr/sbin/nginx';
const MAY_RUN_NGINX = existsSync(NGINX) && existsSync('/etc/nginx/mime.types') && process.getuid?.() === 0;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The path goes out as it is written: fetch would resolve `..`. */
function ask(port: number, asks: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const [method, path] = asks.split(' ');
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }), reject);
    });
    asked.once('error', reject);
    asked.once('upgrade', (answer, socket) => {
      socket.destroy();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: '' });
    });
    asked.end();
  });
}

const subset = (of: IncomingHttpHeaders, like: object) =>
  Object.fromEntries(Object.keys(like).map((name) => [name, of[name]]));

describe.each([
  { who: 'the embedded gateway', start: startEmbedded, runs: true },
  { who: 'nginx', start: startNginx, runs: MAY_RUN_NGINX },
])('$who', ({ start, runs }) => {
  describe.runIf(runs)('by the routes of one file', () => {
    let port = 0;
    beforeAll(async () => {
      const [url, files] = await Promise.all([startEcho(), makeFiles()]);
      port = await start(routesTo(url, files));
    });

    it.each(CASES)('$asks: $status $url', async ({ asks, status, url, body, headers = {}, got, sends }) => {
      const answer = await ask(port, asks, sends);
      expect({ status: answer.status, headers: subset(answer.headers, headers) }).toEqual({ status, headers });
      if (body !== undefined) expect(answer.body).toBe(body);
      if (url === undefined && got === undefined) return;
      const echoed = JSON.parse(answer.body) as { readonly url: string; readonly headers: IncomingHttpHeaders };
      if (url !== undefined) expect(echoed.url).toBe(url);
      if (got !== undefined) expect(subset(echoed.headers, got)).toEqual(got);
    });

    it.each(ATTACKS)('GET %s gives nothing away', async (path) => {
      const answer = await ask(port, `GET ${path}`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toMatch(/^secret|PASSWORD/);
    });

    it('asks a service for no path outside of what its prefix is replaced by', async () => {
      for (const path of ['/v1.0/../admin', '/v1.0/%2e%2e/admin', '/v1.0/..%2fadmin', '/v1.0/a/../../admin'])
        expect((await ask(port, `GET ${path}`)).status).toBeGreaterThanOrEqual(400);
    });

    it('keeps GET /health for itself', async () => {
      const { body } = await ask(port, 'GET /health');
      expect(JSON.parse(body)).toMatchObject({ status: expect.stringMatching(/^(ok|degraded)$/) });
    });

    it('replaces the prefix of a WebSocket too', async () => {
      const answer = await ask(port, 'GET /strip/live', { connection: 'upgrade', upgrade: 'websocket' });
      expect([answer.status, answer.headers['x-url']]).toEqual([101, '/live']);
    });
  });
});
