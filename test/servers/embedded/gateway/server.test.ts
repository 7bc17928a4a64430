import { createServer, get, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import type { GatewayRoute } from '../../../../src/embedded/gateway/routes.js';
import { routeOf } from '../../../../src/embedded/gateway/routes.js';
import { startGateway } from '../../../../src/embedded/gateway/server.js';
import { silentLog } from '../../../../src/support/log.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const closed = (server: Server) =>
  new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });

/** A service that tells who it is, and what it was asked. */
async function service(
  name: string,
  port = 0,
): Promise<{ readonly url: string; readonly port: number; readonly server: Server }> {
  const server = createServer((asked, answer) => {
    if (asked.url === '/broken') return void answer.writeHead(200).write('half', () => answer.destroy());
    if (asked.url === '/health') return void answer.end('fine');
    answer.writeHead(asked.method === 'POST' ? 201 : 200, { 'x-service': name });
    if (asked.method === 'POST') return void asked.pipe(answer);
    const { 'x-forwarded-host': host, 'x-forwarded-proto': proto, 'x-forwarded-for': from } = asked.headers;
    return void answer.end(JSON.stringify({ name, path: asked.url, host, proto, from }));
  });
  server.on('upgrade', (asked, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.write(`${name} ${asked.url}|`);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  ends.push(() => closed(server));
  const taken = (server.address() as AddressInfo).port;
  return { url: `http://127.0.0.1:${taken}`, port: taken, server };
}

async function gateway(routes: readonly GatewayRoute[]): Promise<string> {
  const running = await startGateway({ host: '127.0.0.1', port: 0, routes, log: silentLog });
  ends.push(() => running.stop());
  return `http://127.0.0.1:${running.port}`;
}

it('takes the longest prefix of whole path segments', () => {
  const routes = ['/', '/api', '/api/v1/main', '/api/v1/'].map((prefix) => ({ prefix, service: prefix, url: '' }));
  const prefixOf = (path: string) => routeOf(path, routes)?.prefix;
  expect(prefixOf('/api/v1/main/7?a=/x')).toBe('/api/v1/main');
  expect(prefixOf('/api/v1/main')).toBe('/api/v1/main');
  expect(prefixOf('/api/v1/mainly')).toBe('/api/v1/');
  expect(prefixOf('/api/v1')).toBe('/api/v1/');
  expect(prefixOf('/api?x')).toBe('/api');
  expect(prefixOf('/apis')).toBe('/');
  expect(routeOf('/other', routes.slice(1))).toBeUndefined();
});

it('hands requests on as they are, and tells the service where they came from', async () => {
  const [shop, books] = await Promise.all([service('shop'), service('books')]);
  const url = await gateway([
    { prefix: '/', service: 'shop', url: shop.url },
    { prefix: '/books', service: 'books', url: books.url },
  ]);
  expect(await (await fetch(`${url}/books/7?a=b`)).json()).toEqual({
    name: 'books',
    path: '/books/7?a=b',
    host: new URL(url).host,
    proto: 'http',
    from: '127.0.0.1',
  });
  const posted = await fetch(`${url}/new`, { method: 'POST', body: '{"a":1}' });
  expect([posted.status, posted.headers.get('x-service'), await posted.text()]).toEqual([201, 'shop', '{"a":1}']);
});

it('streams both ways: the first piece comes back before the last one is sent', async () => {
  const shop = await service('shop');
  const url = await gateway([{ prefix: '/', service: 'shop', url: shop.url }]);
  const answer = await new Promise<string>((resolve, reject) => {
    const sending = request(`${url}/`, { method: 'POST' }, (response) => {
      response.once('data', (first: Buffer) => {
        sending.end('second');
        void text(Readable.from(response)).then((rest) => resolve(`${first}, ${rest}`), reject);
      });
    });
    sending.once('error', reject);
    sending.write('first');
  });
  expect(answer).toBe('first, second');
});

it('answers 503 while a service is down, 404 without a route, and finds the service again once it is back', async () => {
  const shop = await service('shop');
  const url = await gateway([{ prefix: '/shop', service: 'shop', url: shop.url, ready: '/health' }]);
  expect((await fetch(`${url}/shop`)).status).toBe(200);
  expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  await closed(shop.server);
  const down = await fetch(`${url}/shop`);
  expect([down.status, down.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await down.json()).toEqual({
    error: { code: 'service-down', message: expect.stringContaining('service shop is not running') },
  });
  const health = await fetch(`${url}/health`);
  expect([health.status, await health.json()]).toEqual([
    503,
    {
      status: 'degraded',
      routes: { '/shop': { service: 'shop', status: 'down', why: `nothing listens on port ${shop.port}` } },
    },
  ]);
  await service('shop', shop.port);
  expect((await fetch(`${url}/shop`)).status).toBe(200);
  expect(await (await fetch(`${url}/health`)).json()).toEqual({
    status: 'ok',
    routes: { '/shop': { service: 'shop', status: 'ok' } },
  });
});

it('lets the client see that an answer broke off in the middle', async () => {
  const shop = await service('shop');
  const url = await gateway([{ prefix: '/', service: 'shop', url: shop.url }]);
  const answer = new Promise<string>((resolve, reject) => {
    get(`${url}/broken`, (response) => void text(response).then(resolve, reject)).once('error', reject);
  });
  await expect(answer).rejects.toThrow('aborted');
});

it('passes WebSocket upgrades on', async () => {
  const shop = await service('shop');
  const url = new URL(await gateway([{ prefix: '/live', service: 'shop', url: shop.url }]));
  const said = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(url.port), '127.0.0.1');
    let all = '';
    socket.once('error', reject);
    socket.on('data', (data: Buffer) => {
      all += data;
      if (all.endsWith('|')) socket.write('ping');
      if (all.endsWith('|ping')) socket.end(() => resolve(all));
    });
    socket.write('GET /live/1 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
  expect(said).toMatch(/^HTTP\/1\.1 101 /);
  expect(said.endsWith('shop /live/1|ping')).toBe(true);
});
