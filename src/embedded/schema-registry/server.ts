import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { messageOf } from '../../support/errors.js';
import { Lifetime } from '../../support/lifetime.js';
import { closeHttp, listen } from '../../support/listen.js';
import type { Log } from '../../support/log.js';
import { Registry } from './registry.js';
import { RegistryError } from './registry-error.js';
import { type Context, RawText, ROUTES } from './routes.js';
import { SchemaState } from './schema-state.js';
import { type KafkaAccess, SchemasLog } from './schemas-log.js';

export interface SchemaRegistryOptions extends KafkaAccess {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly log: Log;
}

/** The largest schema is far below; the registry holds all of them in memory. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** What is being answered when the registry ends has this long. */
const CLOSE_MS = 1_000;
const CONTENT_TYPES = [
  'application/vnd.schemaregistry.v1+json',
  'application/vnd.schemaregistry+json',
  'application/json',
];

/**
 * A Schema Registry with Confluent's REST API for Avro; all it knows is in the compacted topic `_schemas`. Throws
 * where Kafka does not answer within the client's time, or the port is taken.
 */
export async function startSchemaRegistry(
  options: SchemaRegistryOptions,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const lifetime = new Lifetime();
  const state = new SchemaState();
  const log = new SchemasLog(state, options, options.log);
  lifetime.onEnd(() => log.stop());
  try {
    await log.start();
    const context: Context = { registry: new Registry(state, log), clusterId: () => log.clusterId() };
    const server = createServer((request, response) => void answer(request, response, context, options.log));
    const port = await listen(server, options);
    lifetime.onEnd(() => closeHttp(server, CLOSE_MS));
    options.log.info('the schema registry answers', {
      host: options.host,
      port,
      subjects: state.subjectNames().length,
    });
    return { port, stop: () => lifetime.end() };
  } catch (failure) {
    await lifetime.end();
    throw failure;
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, context: Context, log: Log): Promise<void> {
  const contentType = contentTypeFor(request.headers.accept);
  try {
    const url = new URL(request.url ?? '/', 'http://registry');
    const parts = url.pathname.replace(/\/+$/, '').split('/').slice(1).map(decodePart);
    const matching = ROUTES.map((route) => ({ route, at: match(route.path, parts) })).filter(
      ({ at }) => at !== undefined,
    );
    if (matching.length === 0) throw new RegistryError(404, 'HTTP 404 Not Found');
    const found = matching.find(({ route }) => route.method === request.method);
    if (found === undefined) throw new RegistryError(405, 'HTTP 405 Method Not Allowed');
    const hasBody = request.method === 'POST' || request.method === 'PUT';
    const body = hasBody ? parseBody(await readBody(request)) : undefined;
    const result = await found.route.handle({ at: found.at ?? [], query: url.searchParams, body }, context);
    send(response, 200, contentType, result instanceof RawText ? result.text : JSON.stringify(result));
  } catch (failure) {
    const error = failure instanceof RegistryError ? failure : new RegistryError(50001, messageOf(failure));
    if (error !== failure) log.error('a request failed', { url: request.url, why: messageOf(failure) });
    send(response, error.status, contentType, JSON.stringify({ error_code: error.errorCode, message: error.message }));
  }
}

function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  const bytes = Buffer.from(text);
  response.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length });
  response.end(bytes);
}

const contentTypeFor = (accept: string | undefined): string =>
  CONTENT_TYPES.find((type) => accept?.includes(type)) ?? (CONTENT_TYPES[0] as string);

function match(path: string, parts: readonly string[]): readonly string[] | undefined {
  const pattern = path.split('/').slice(1);
  if (path === '/') return parts.length === 0 ? [] : undefined;
  if (pattern.length !== parts.length) return undefined;
  const open: string[] = [];
  for (const [index, piece] of pattern.entries()) {
    const given = parts[index] ?? '';
    if (piece === '*' && given !== '') open.push(given);
    else if (piece !== given) return undefined;
  }
  return open;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RegistryError(400, `"${text}" is not encoded as a URL wants it`);
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) throw new RegistryError(413, `the request is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function parseBody(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (failure) {
    throw new RegistryError(400, `Malformed JSON: ${messageOf(failure)}`);
  }
}
