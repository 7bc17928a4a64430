import { type Api, type Route as ApiRoute, createApi } from '../../http/api.js';
import { parseJsonText } from '../../http/body.js';
import type { Login } from '../../http/callers.js';
import { HttpProblem } from '../../http/problem.js';
import { messageOf } from '../../support/errors.js';
import { Lifetime } from '../../support/lifetime.js';
import { closeHttp, listen } from '../../support/listen.js';
import type { Log } from '../../support/log.js';
import { Registry } from './registry.js';
import { RegistryError } from './registry-error.js';
import { type Context, RawText } from './route.js';
import { CONTEXT_ROUTES, ROUTES } from './routes.js';
import { SchemaState } from './schema-state.js';
import { SchemasLog, type SchemasTopic } from './schemas-log.js';

export interface SchemaRegistryOptions extends SchemasTopic {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Names besides those of loopback that clients call it by. */
  readonly allowedHosts?: readonly string[];
  /** Asked of every client. */
  readonly login?: Login;
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
 * A Schema Registry with Confluent's REST API; all it knows is in the compacted topic `_schemas`. Throws
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
    const { server } = createApi(API, { context, ...options });
    const port = await listen(server, options);
    lifetime.onEnd(() => closeHttp(server, CLOSE_MS));
    options.log.info('the schema registry is listening', {
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

/** Every answer is 200, except for what is thrown. */
const routes: ReadonlyArray<ApiRoute<Context>> = [...ROUTES, ...CONTEXT_ROUTES].map(({ method, path, handle }) => ({
  method,
  path,
  handle: async (call, context) => {
    const result = await handle(call, context);
    return { status: 200, body: result instanceof RawText ? result.text : JSON.stringify(result) };
  },
}));

const API: Api<Context> = {
  routes,
  bodyBytesMax: BODY_BYTES_MAX,
  parseBody: (bytes, { method }) =>
    method === 'POST' || method === 'PUT' ? parseJsonText(bytes.toString()) : undefined,
  contentType: ({ headers }) =>
    CONTENT_TYPES.find((type) => headers.accept?.includes(type)) ?? 'application/vnd.schemaregistry.v1+json',
  failure(failure) {
    const [status, code] =
      failure instanceof RegistryError
        ? [failure.status, failure.errorCode]
        : failure instanceof HttpProblem
          ? [failure.status, failure.status]
          : [500, 50001];
    return { status, body: { error_code: code, message: messageOf(failure) } };
  },
};
