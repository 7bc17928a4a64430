import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAmqp } from '../../../src/embedded/amqp/server.js';
import { startConnect } from '../../../src/embedded/connect/server.js';
import { startGateway } from '../../../src/embedded/gateway/server.js';
import { startKafka } from '../../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../../src/embedded/ksqldb/server.js';
import { startSchemaRegistry } from '../../../src/embedded/schema-registry/server.js';
import { startService } from '../../../src/kit/service.js';
import { Lifetime } from '../../../src/support/lifetime.js';
import { silentLog } from '../../../src/support/log.js';

const KSQL = '/ksql';
const guest = `Basic ${Buffer.from('guest:guest').toString('base64')}`;

/** Of every HTTP server: something to read, something that a hostile page would like to post, the shape of its errors. */
const SERVERS = [
  { name: 'registry', reads: '/subjects', posts: '/subjects/a/versions', json: 'error_code' },
  { name: 'connect', reads: '/connectors', posts: '/connectors/a/restart', json: 'error_code' },
  { name: 'ksqldb', reads: '/info', posts: KSQL, json: '@type' },
  { name: 'rabbitmq', reads: '/api/overview', posts: '/api/queues', json: 'reason' },
  { name: 'gateway', reads: '/notes', posts: '/notes', json: 'error' },
  { name: 'service', reads: '/notes', posts: '/notes', json: 'error' },
] as const;

type Name = (typeof SERVERS)[number]['name'];

const lifetime = new Lifetime();
const ports = new Map<Name, number>();
const posted: unknown[] = [];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evpipe-http-'));
  lifetime.onEnd(() => rm(folder, { recursive: true, force: true }));
  const kafka = await startKafka({ dataDir: join(folder, 'kafka') });
  lifetime.onEnd(() => kafka.stop());
  const at = { host: '127.0.0.1', port: 0, log: silentLog, allowedHosts: ['shop.internal'] };
  const { bootstrapServers } = kafka;
  const start = async (name: Name, starting: Promise<{ readonly port?: number | undefined; stop(): unknown }>) => {
    const server = await starting;
    lifetime.onEnd(async () => void (await server.stop()));
    ports.set(name, server.port ?? 0);
  };
  await start('registry', startSchemaRegistry({ ...at, bootstrapServers }));
  await start('connect', startConnect({ ...at, kafka: { bootstrapServers } }));
  await start('ksqldb', startKsqldb({ ...at, kafka: { bootstrapServers } }));
  await start('rabbitmq', startAmqp({ ...at, dataDir: join(folder, 'amqp') }));
  const service = startService(
    async ({ serve }) => {
      const routes = (app: FastifyInstance) => {
        app.get('/notes', async () => ({ notes: posted.length }));
        app.post('/notes', async ({ body }) => ({ notes: posted.push(body) }));
      };
      await serve({ title: 'Notes', check: async () => {}, routes });
    },
    { env: { ALLOWED_HOSTS: 'shop.internal' }, log: silentLog, onFailure: () => {} },
  );
  await start('service', service);
  const route = { prefix: '/notes', service: 'notes', url: `http://127.0.0.1:${ports.get('service')}` };
  await start('gateway', startGateway({ ...at, routes: [route] }));
});
afterAll(() => lifetime.end());

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function send(name: Name, path: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  const authorization = name === 'rabbitmq' ? { authorization: guest } : {};
  return new Promise<{ status: number; text: string; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: ports.get(name),
        path,
        method,
        agent: false,
        headers: { ...authorization, ...headers },
      },
      (response) => {
        const { statusCode = 0 } = response;
        text(response).then((all) => resolve({ status: statusCode, text: all, headers: response.headers }), reject);
      },
    );
    asked.once('error', reject);
    asked.end(body);
  });
}

const errorOf = async (name: Name, path: string, sent: Sent) => {
  const answer = await send(name, path, sent);
  expect(answer.headers['content-type']).toMatch(/json/);
  return { status: answer.status, json: JSON.parse(answer.text) as Record<string, unknown> };
};

describe.each(SERVERS)('the HTTP server of $name', ({ name, reads, posts, json }) => {
  it.each(['localhost', '127.0.0.1', 'LOCALHOST:1', '[::1]:80', '127.8.8.8', 'shop.internal:8080'])(
    'answers as %s',
    async (host) => {
      expect((await send(name, reads, { headers: { host } })).status).toBe(200);
    },
  );

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80', '10.0.0.1', 'x'])(
    'does not answer as "%s", a name that could have been pointed at loopback',
    async (host) => {
      const { status, json: body } = await errorOf(name, reads, { headers: { host } });
      expect(status).toBe(421);
      expect(body).toHaveProperty([json]);
    },
  );

  it.each([
    ['text/plain', '{"a":1}'],
    ['application/x-www-form-urlencoded', 'a=1'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['application/json', '{"a":1}'],
    [undefined, undefined],
  ])('refuses a page on another origin that posts %s', async (type, body) => {
    const before = posted.length;
    for (const origin of ['http://evil.example', 'null', 'http://localhost:1', 'http://127.0.0.1:1', 'file://']) {
      const headers = { origin, ...(type === undefined ? {} : { 'content-type': type }) };
      const answer = await errorOf(name, posts, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
      expect(answer.status).toBe(403);
      expect(answer.json).toHaveProperty([json]);
    }
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    expect((await send(name, posts, { method: 'POST', headers })).status).toBe(403);
    expect((await send(name, reads, { headers })).status).toBe(403);
    expect(posted).toHaveLength(before);
  });

  it('answers its own pages, links on other sites, and programs that say nothing of where they come from', async () => {
    const host = `127.0.0.1:${ports.get(name)}`;
    expect((await send(name, reads, { headers: { host, origin: `http://${host}` } })).status).toBe(200);
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await send(name, reads, { headers: link })).status).toBe(200);
    expect((await send(name, posts, { method: 'POST', headers: link })).status).toBe(403);
    expect((await send(name, reads)).status).toBe(200);
  });

  it.each(['/%00', '/%ff', '/%', '/a%2', '/a?b=%00', '/a?b=%ff', '/%c3%28'])('answers 400 to %s', async (path) => {
    const answer = await errorOf(name, path, {});
    expect(answer.status).toBe(400);
    expect(answer.json).toHaveProperty([json]);
  });

  it('answers 400 to a target that is not a path, and keeps no caller waiting', async () => {
    expect((await send(name, 'http://evil.example/')).status).toBe(400);
  });
});

/** Each would overflow the stack of a recursive reader. */
const DEEP: Readonly<Record<string, string>> = {
  arrays: '['.repeat(100_000) + ']'.repeat(100_000),
  objects: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  'an unfinished document': '{"a":['.repeat(100_000),
};

describe.each([
  { name: 'registry', method: 'POST', path: '/subjects/a/versions' },
  { name: 'connect', method: 'POST', path: '/connectors' },
  { name: 'ksqldb', method: 'POST', path: KSQL },
  { name: 'ksqldb', method: 'POST', path: '/inserts-stream' },
  { name: 'service', method: 'POST', path: '/notes' },
] as const)('a body sent to $path of $name', ({ name, method, path }) => {
  it.each(Object.entries(DEEP))('that nests %s too deeply is refused with 400', async (_, body) => {
    const answer = await send(name, path, { method, headers: { 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toMatch(/call stack/i);
  });

  it('that is too large is refused with 413', async () => {
    const status = await new Promise<string>((resolve, reject) => {
      const socket: Socket = connect(ports.get(name) ?? 0, '127.0.0.1');
      const chunk = Buffer.alloc(1024 * 1024, 32);
      let head = '';
      socket.on('data', (data) => {
        head += data;
      });
      socket.on('error', () => {});
      socket.once('close', () => (head === '' ? reject(new Error('no answer')) : resolve(head.split('\r\n')[0] ?? '')));
      socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${64 * chunk.length}\r\n\r\n`,
      );
      const more = (left: number): void => {
        if (left > 0 && !socket.destroyed) socket.write(chunk, () => more(left - 1));
      };
      more(64);
    });
    expect(status).toContain(' 413 ');
  });
});

it('ksqlDB takes what its documentation sends by curl -d, which calls JSON urlencoded', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: '*/*', 'user-agent': 'curl/8.5.0' };
  const answer = await send('ksqldb', KSQL, { method: 'POST', headers, body: '{"ksql": "LIST STREAMS;"}' });
  expect(answer.status).toBe(200);
});

it('ksqlDB answers by HTTP/1.1 where the upgrade to HTTP/2 is offered, as Java does by default', async () => {
  const headers = {
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
    'content-type': 'application/json',
  };
  const answer = await send('ksqldb', KSQL, { method: 'POST', headers, body: '{"ksql": "LIST STREAMS;"}' });
  expect(answer.status).toBe(200);
});

it('Connect takes a POST without a body from curl', async () => {
  const answer = await send('connect', '/connectors/a/restart', {
    method: 'POST',
    headers: { 'user-agent': 'curl/8.5.0' },
  });
  expect(answer.status).toBe(404); // there is no such connector
  expect(JSON.parse(answer.text)).toMatchObject({ error_code: 404 });
});

describe('ksqlDB over HTTP/2', () => {
  const ask = (headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const session = connectHttp2(`http://127.0.0.1:${ports.get('ksqldb')}`);
      session.once('error', reject);
      const stream = session.request({ ':path': '/info', ...headers });
      stream.once('response', ({ ':status': status }) => {
        session.destroy();
        resolve(Number(status));
      });
      stream.once('error', reject);
    });

  it('is asked by :authority for its own name only', async () => {
    expect(await ask({})).toBe(200);
    expect(await ask({ ':authority': 'evil.example' })).toBe(421);
    expect(await ask({ origin: 'http://evil.example' })).toBe(403);
  });

  it('refuses a body that is too large with 413, and reads it to its end', async () => {
    const session = connectHttp2(`http://127.0.0.1:${ports.get('ksqldb')}`);
    const stream = session.request({ ':path': KSQL, ':method': 'POST' });
    const status = new Promise<unknown>((resolve, reject) => {
      stream.once('response', (headers) => resolve(headers[':status']));
      stream.once('error', reject);
    });
    const ended = new Promise((resolve) => stream.once('close', resolve));
    stream.resume();
    stream.end(Buffer.alloc(24 * 1024 * 1024, 32));
    expect(await status).toBe(413);
    await ended;
    expect(stream.rstCode).toBe(0);
    session.destroy();
  });
});

it('a WebSocket of another origin does not pass the gateway', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(ports.get('gateway') ?? 0, '127.0.0.1');
    let all = '';
    socket.on('data', (data) => {
      all += data;
    });
    socket.once('error', reject);
    socket.once('end', () => resolve(all));
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://evil.example';
    socket.write(`GET /notes HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n\r\n`);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
});
