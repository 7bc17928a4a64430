import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { HttpClient, type HttpClientOptions, NoAnswer, probe } from '../../../src/http/client.js';
import { waitUntil } from '../../../src/support/retry.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const HELLO = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';

/** A server of one's own wire: `onRequest` gets each request's socket and its count. */
async function serve(onRequest: (socket: Socket, count: number) => void, port = 0) {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      requests.push(data.toString());
      onRequest(socket, requests.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { requests, port: (server.address() as AddressInfo).port };
}

function clientOf(port: number, options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = new HttpClient({ url: `http://127.0.0.1:${port}`, ...options });
  ends.push(async () => client.close());
  return client;
}

const POST = { method: 'POST', path: '/', body: { a: 1 } };

it('sends a POST once, when the server takes it and never answers', async () => {
  const server = await serve(() => {});
  const failure = await clientOf(server.port, { timeoutMs: 2_000 })
    .request(POST)
    .catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(NoAnswer);
  expect(failure).toMatchObject({ message: 'no answer within 2 s', timedOut: true, neverSent: false });
  expect(server.requests).toHaveLength(1);
});

it.each(['POST', 'PUT', 'DELETE', 'GET'])('sends a %s without a body without a content type', async (method) => {
  const server = await serve((socket) => socket.write(HELLO));
  await clientOf(server.port).request({ method, path: '/' });
  expect(server.requests[0]?.toLowerCase()).not.toContain('content-type');
});

it('sends a body as JSON, or as what its caller says', async () => {
  const server = await serve((socket) => socket.write(HELLO));
  await clientOf(server.port).request(POST);
  await clientOf(server.port, { headers: { 'content-type': 'application/vnd.test+json' } }).request(POST);
  expect(server.requests[0]).toMatch(/content-type: application\/json\r/i);
  expect(server.requests[1]).toMatch(/content-type: application\/vnd\.test\+json\r/i);
});

it('sends a POST once, when the connection breaks after it was sent', async () => {
  const server = await serve((socket) => socket.destroy());
  await expect(clientOf(server.port).request(POST)).rejects.toMatchObject({ neverSent: false });
  expect(server.requests).toHaveLength(1);
});

it('repeats a GET, and what is declared repeatable, until it is answered', async () => {
  const server = await serve((socket, count) => (count % 3 === 0 ? socket.end(HELLO) : socket.destroy()));
  const client = clientOf(server.port);
  expect(await client.request({ method: 'GET', path: '/' })).toMatchObject({ status: 200, body: {} });
  expect(await client.request({ ...POST, repeatable: true })).toMatchObject({ status: 200, body: {} });
  expect(server.requests).toHaveLength(6);
});

it('sends a POST later where nothing listens yet', async () => {
  const { port } = await serve(() => {});
  await ends.pop()?.();
  const asked = clientOf(port).request(POST);
  const server = await serve((socket) => socket.end(HELLO), port);
  expect(await asked).toMatchObject({ status: 200, body: {} });
  expect(server.requests).toHaveLength(1);
});

it('sends a POST on a connection of its own, so that a kept one that ends cannot swallow it', async () => {
  const sockets = new Set<Socket>();
  const server = await serve((socket) => {
    sockets.add(socket);
    socket.write(HELLO);
  });
  const client = clientOf(server.port);
  await client.request({ method: 'GET', path: '/' });
  await client.request(POST);
  expect(sockets.size).toBe(2);
  await client.request({ method: 'GET', path: '/' });
  expect(sockets.size).toBe(2);
});

it('gives up at once when its signal says so, with the reason of the signal', async () => {
  const server = await serve(() => {});
  for (const where of ['request', 'client'] as const) {
    const controller = new AbortController();
    const before = server.requests.length;
    const client = clientOf(server.port, where === 'client' ? { signal: controller.signal } : {});
    const asked = client.request({ ...POST, ...(where === 'request' ? { signal: controller.signal } : {}) });
    asked.catch(() => {});
    await waitUntil('the request', async () => server.requests.length > before || undefined, { timeoutMs: 5_000 });
    controller.abort(new Error('Ctrl-C'));
    await expect(asked).rejects.toThrow('Ctrl-C');
  }
});

it('is bounded where an answer begins and never ends', async () => {
  const server = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{'));
  await expect(clientOf(server.port, { timeoutMs: 100 }).request({ method: 'GET', path: '/' })).rejects.toThrow(
    'no answer within 0.1 s',
  );
});

it('does not wait for a host that nobody knows', async () => {
  const client = new HttpClient({ url: 'http://nobody.invalid' });
  await expect(client.request({ method: 'GET', path: '/' })).rejects.toBeInstanceOf(NoAnswer);
});

it('sends user and password of its URL, below its path, and shows the server no CORS or browser headers', async () => {
  const server = await serve((socket) => socket.end(HELLO));
  const client = new HttpClient({ url: `http://me:p%40ss@127.0.0.1:${server.port}/apis/v7/` });
  await client.request({ method: 'GET', path: '/subjects?a=b' });
  expect(server.requests[0]).toContain('GET /apis/v7/subjects?a=b HTTP/1.1');
  expect(server.requests[0]).toContain(`Authorization: Basic ${Buffer.from('me:p@ss').toString('base64')}`);
});

it('probes: what it says of a server that is fine, refuses, fails, or keeps silent', async () => {
  const at = (port: number) => probe(`http://127.0.0.1:${port}`, '/health', { timeoutMs: 200 });
  expect(await at((await serve((socket) => socket.end(HELLO))).port)).toBeUndefined();
  const failing = await serve((socket) => socket.end('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'));
  expect(await at(failing.port)).toBe('it answers 503');
  expect(await at((await serve(() => {})).port)).toBe('no answer within 0.2 s');
  expect(await at(1)).toBe('nothing listens on port 1');
});
