import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { closed, listen } from '../../../src/support/listen.js';

/**
 * A registry with Confluent's API for the real Connect, whose converter (Apicurio's, in the place of Confluent's) registers
 * schemas by Apicurio's own API: that one request is turned into Confluent's, all else is handed on as it is.
 */
export async function startApicurioBridge(registry: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const answered = /^\/apis\/registry\/v2\/groups\/[^/]+\/artifacts/.test(request.url ?? '')
      ? register(registry, request, response)
      : handOn(registry, request, response);
    answered.catch((failure: unknown) => response.writeHead(502).end(String(failure)));
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      server.closeAllConnections();
      return closed(server);
    },
  };
}

const AVRO = { 'content-type': 'application/vnd.schemaregistry.v1+json' };

async function register(registry: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const artifact = String(request.headers['x-registry-artifactid']);
  const schema = await text(request);
  const url = `${registry}/subjects/${encodeURIComponent(artifact)}/versions`;
  const answer = await fetch(url, { method: 'POST', headers: AVRO, body: JSON.stringify({ schema }) });
  if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
  const { id } = (await answer.json()) as { readonly id: number };
  const meta = { id: artifact, groupId: 'default', type: 'AVRO', version: '1', state: 'ENABLED', globalId: id };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...meta, contentId: id }));
}

async function handOn(registry: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  const body = method === 'GET' ? undefined : await text(request);
  const { accept = '*/*', 'content-type': type = AVRO['content-type'] } = headers;
  const answer = await fetch(registry + url, {
    method,
    headers: { accept, 'content-type': type },
    ...(body && { body }),
  });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
  response.end(await answer.text());
}
