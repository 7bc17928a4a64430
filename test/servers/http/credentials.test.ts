import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { openConnect } from '../../../src/clients/connect/client.js';
import { connectKsqldb } from '../../../src/clients/ksqldb/client.js';
import { streamQuery } from '../../../src/clients/ksqldb/query.js';
import { connectSchemaRegistry } from '../../../src/clients/schema-registry/client.js';
import { HttpClient, type HttpClientOptions } from '../../../src/http/client.js';
import { withLogin } from '../../../src/kinds/http-component.js';

const file = (name: string) => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
/** Its own authority. */
const [ca, key] = [file('cert.pem'), file('key.pem')];
const TLS = { cert: readFileSync(ca), key: readFileSync(key) };

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A server with TLS that answers what `allows` refuses with 401, and all else with an empty list. */
async function serve(allows: (request: IncomingMessage) => boolean, tls: ServerOptions = {}): Promise<string> {
  const server = createServer({ ...TLS, ...tls }, (request, response) => {
    request.resume();
    const allowed = allows(request);
    response.writeHead(allowed ? 200 : 401, { 'content-type': 'application/json' });
    response.end(allowed ? '[]' : '{"error_code":401,"message":"Unauthorized"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

async function statusOf(options: HttpClientOptions, method = 'GET'): Promise<number> {
  const client = new HttpClient({ retryMs: 0, ...options });
  ends.push(() => client.close());
  return (await client.request({ method, path: '/' })).status;
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('the HTTP client', () => {
  it('trusts the authority that it is given, and no other', async () => {
    const url = await serve(() => true);
    expect(await statusOf({ url, ssl: { ca } })).toBe(200);
    await expect(statusOf({ url })).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(await statusOf({ url, ssl: { rejectUnauthorized: false } })).toBe(200);
  });

  it.each(['GET', 'POST'])('proves itself with a certificate, also for a %s', async (method) => {
    const url = await serve(() => true, { ca: TLS.cert, requestCert: true, rejectUnauthorized: true });
    expect(await statusOf({ url, ssl: { ca, cert: ca, key } }, method)).toBe(200);
    await expect(statusOf({ url, ssl: { ca } }, method)).rejects.toThrow();
  });

  it('sends a user and a password as they are, whatever they are in the URL', async () => {
    const [user, password] = ['evè@me', 'p:/%41 w'];
    const url = await serve(({ headers }) => headers.authorization === basic(`${user}:${password}`));
    expect(await statusOf({ url: withLogin(url, user, password), ssl: { ca } })).toBe(200);
    expect(await statusOf({ url, ssl: { ca } })).toBe(401);
  });

  it('sends a token, also in place of a user in the URL', async () => {
    const url = await serve(({ headers }) => headers.authorization === 'Bearer abc');
    expect(await statusOf({ url: withLogin(url, 'me', 'x'), token: 'abc', ssl: { ca } })).toBe(200);
  });
});

describe('the clients', () => {
  const WANTS = { kind: 'usage', todo: expect.stringContaining('username and password, or token') };

  it('take them all, and say what is missing', async () => {
    const url = await serve(({ headers }) => headers.authorization === 'Bearer abc');
    const refused = { url: withLogin(url, 'me', 'secret'), ssl: { ca } };
    const allowed = { ...refused, token: 'abc' };

    expect(await connectSchemaRegistry(allowed).listSubjects()).toEqual([]);
    const registry = connectSchemaRegistry(refused).listSubjects();
    await expect(registry).rejects.toMatchObject({ code: 'EVPIPE_SCHEMA_REGISTRY_UNAUTHORIZED', ...WANTS });

    const [connect, connectRefused] = [openConnect(allowed), openConnect(refused)];
    expect(await connect.connectors()).toEqual([]);
    await expect(connectRefused.connectors()).rejects.toMatchObject({ code: 'EVPIPE_CONNECT_UNAUTHORIZED', ...WANTS });
    await expect(connectRefused.connectors()).rejects.toThrow(/^(?!.*secret)/);

    const [ksqldb, ksqldbRefused] = [connectKsqldb(allowed), connectKsqldb(refused)];
    expect(await ksqldb.send('LIST STREAMS;')).toEqual([]);
    await expect(ksqldbRefused.send('LIST STREAMS;')).rejects.toMatchObject({
      ...{ code: 'EVPIPE_KSQLDB_UNAUTHORIZED', ...WANTS },
    });
    const query = streamQuery(refused, 'SELECT 1;', { signal: new AbortController().signal });
    await expect(query.next()).rejects.toMatchObject({ code: 'EVPIPE_KSQLDB_UNAUTHORIZED' });
    for (const client of [connect, connectRefused, ksqldb, ksqldbRefused]) client.close();
  });

  it('say what to look at where a certificate is not trusted', async () => {
    const url = await serve(() => true);
    const connect = openConnect({ url });
    await expect(connect.connectors()).rejects.toMatchObject({
      code: 'EVPIPE_CONNECT_UNREACHABLE',
      todo: expect.stringContaining('(ca)'),
    });
    connect.close();
  });
});
