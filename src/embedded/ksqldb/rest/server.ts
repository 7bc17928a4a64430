import type { Http2Server } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { type Answer, type Api, createApi, type Route } from '../../../http/api.js';
import type { Login } from '../../../http/callers.js';
import type { Front } from '../../../http/front.js';
import { HttpProblem } from '../../../http/problem.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { isFixed, isKnownProperty } from '../../../ksql/statements/properties.js';
import { messageOf } from '../../../support/errors.js';
import { closed, listen } from '../../../support/listen.js';
import type { Engine } from '../engine.js';
import { HELD_ROWS_PATH } from '../query/gather-rows.js';
import { KSQLDB_VERSION } from '../version.js';
import { clusterStatus, HOST_STATUS_PATH, hostStatusRoute, metadata, metadataId } from './cluster-routes.js';
import { ENDPOINTS, type EndpointPath } from './endpoints.js';
import { genericError, refuseIfTerminated } from './errors.js';
import { handleInserts } from './inserts-route.js';
import { handleCloseQuery, handleHeldRows, handleQuery, handleQueryStream } from './query-route.js';
import { DELIMITED, jsonType, type KsqlCall, MEDIA_TYPE } from './request.js';
import { StatementsRoute } from './statements-route.js';
import { upgradeToQuery } from './websocket-route.js';

/** How an HTTP/2 client begins a connection without TLS and without upgrade. */
const HTTP2_PREFACE = Buffer.from('PRI * HT');
const WEBSOCKET_REQUEST = Buffer.from('GET /ws/');

const JSON_TYPES = [MEDIA_TYPE, 'application/json'];
const STREAMED = [DELIMITED, ...JSON_TYPES];

type KsqlRoute = Route<Engine, Buffer>;

type ClusterNames = Pick<RestOptions, 'clusterId' | 'commandTopic'>;

export interface RestOptions {
  readonly clusterId: () => Promise<string>;
  readonly commandTopic: string;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly login?: Login | undefined;
}

/** The REST API on one port: HTTP/1.1, HTTP/2 in clear text, and WebSockets. */
export class RestServer {
  private readonly sockets = new Set<Socket>();
  private readonly front: Front;
  /** Apart: Java's HttpClient asks to upgrade to HTTP/2 with each first request, and has to be answered as if it had not. */
  private readonly webSockets: Front;
  private http2: Http2Server | undefined;
  private readonly net = createServer((socket) => this.accept(socket));

  constructor(engine: Engine, { clusterId, commandTopic, ...callers }: RestOptions) {
    const api = ksqlApi(engine, { clusterId, commandTopic });
    const options = { context: engine, log: engine.parts.log, ...callers };
    this.front = createApi(api, options);
    this.webSockets = createApi(api, {
      ...options,
      upgrade: (request, socket, head, target) => void upgradeToQuery(request, socket, head, target, engine),
    });
  }

  listen(host: string, port: number): Promise<number> {
    return listen(this.net, { host, port });
  }

  async close(): Promise<void> {
    const ended = closed(this.net);
    for (const socket of this.sockets) socket.destroy();
    await ended;
  }

  /** The first bytes show the protocol; they are put back for the server that speaks it. */
  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      if (beginsWith(first, HTTP2_PREFACE)) return void this.serveHttp2(socket);
      const { server } = beginsWith(first, WEBSOCKET_REQUEST) ? this.webSockets : this.front;
      server.emit('connection', socket);
      socket.resume();
    });
  }

  private async serveHttp2(socket: Socket): Promise<void> {
    // Loaded when the first client speaks it: few do, and it costs start-up time.
    const { createServer: createHttp2 } = await import('node:http2');
    // HTTP/2 requests and responses have the methods of HTTP/1's (Node's compatibility API), though not their types.
    this.http2 ??= createHttp2(this.front.listener as never);
    this.http2.emit('connection', socket);
  }
}

const beginsWith = (bytes: Buffer, begin: Buffer): boolean => bytes.subarray(0, begin.length).equals(begin);

const ksqlApi = (engine: Engine, names: ClusterNames): Api<Engine, Buffer> => ({
  routes: routesOf(engine, names),
  bodyBytesMax: 16 * 1024 * 1024, // statements are text that a person wrote; inserts are streamed in batches
  parseBody: (bytes) => bytes,
  contentType: jsonType,
  failure(failure) {
    if (failure instanceof HttpProblem) return genericError(failure.status * 100, failure.message);
    return genericError(failure instanceof StatementError ? failure.code : 50000, messageOf(failure));
  },
});

const routesOf = (engine: Engine, { clusterId, commandTopic }: ClusterNames): readonly KsqlRoute[] => {
  const statements = new StatementsRoute(engine);
  const accepting =
    (handle: KsqlRoute['handle']): KsqlRoute['handle'] =>
    (call, context) => {
      refuseIfTerminated(engine);
      return handle(call, context);
    };
  const handling: Readonly<Record<EndpointPath, Omit<KsqlRoute, 'method' | 'path'>>> = {
    '/ksql': { handle: accepting((call) => statements.handle(call)) },
    '/query': { handle: accepting(handleQuery) },
    '/query-stream': { produces: STREAMED, handle: accepting(handleQueryStream) },
    '/close-query': { handle: handleCloseQuery },
    '/inserts-stream': { produces: STREAMED, streamed: true, handle: accepting(handleInserts) },
    '/ksql/terminate': { handle: accepting((call) => statements.terminate(call, commandTopic)) },
    '/': { handle: () => ({ status: 307, headers: { location: '/info' } }) },
    '/info': { handle: () => info(engine, clusterId) },
    '/v1/metadata': { handle: async () => metadata(await clusterId(), engine) },
    '/v1/metadata/id': { handle: async () => metadataId(await clusterId(), engine) },
    '/healthcheck': { handle: () => health(engine) },
    '/chc/live': { handle: () => ({ status: 200, body: {} }) },
    '/chc/ready': { handle: () => ({ status: 200, body: {} }) },
    '/clusterStatus': { handle: clusterStatus },
    '/status': { handle: () => allStatuses(engine) },
    '/status/:type/:name/:action': { handle: status },
    '/is_valid_property/:property': { handle: isValidProperty },
  };
  return [
    ...ENDPOINTS.map(({ method, path }) => ({ method, path, produces: JSON_TYPES, ...handling[path] })),
    // Asked by the other engines of the service.
    { method: 'POST', path: HELD_ROWS_PATH, handle: accepting(handleHeldRows) },
    { method: 'POST', path: HOST_STATUS_PATH, handle: hostStatusRoute },
  ];
};

async function info({ parts }: Engine, clusterId: () => Promise<string>): Promise<Answer> {
  const info = {
    version: KSQLDB_VERSION,
    kafkaClusterId: await clusterId(),
    ksqlServiceId: parts.serviceId,
    serverStatus: 'RUNNING',
  };
  return { status: 200, body: { KsqlServerInfo: info } };
}

async function health({ parts }: Engine): Promise<Answer> {
  const kafka = await parts.kafka.describeCluster().then(
    () => true,
    () => false,
  );
  const commandRunner = parts.commands.incompatibleAt === undefined;
  const isHealthy = kafka && commandRunner;
  const details = Object.fromEntries(
    Object.entries({ metastore: true, kafka, commandRunner }).map(([name, healthy]) => [name, { isHealthy: healthy }]),
  );
  return { status: isHealthy ? 200 : 503, body: { isHealthy, details, serverState: 'READY' } };
}

/** Every command is done before it is answered, so all that are known have succeeded. */
function allStatuses({ commands }: Engine): Answer {
  return {
    status: 200,
    body: { commandStatuses: Object.fromEntries([...commands.keys()].map((id) => [id, 'SUCCESS'])) },
  };
}

/** The name may be written with backticks, as in the command's id, or without. */
function status({ parameters: { type, name, action } }: KsqlCall, { commands }: Engine): Answer {
  const wanted = `${type}/${name}/${action}`;
  const applied = commands.get(wanted) ?? commands.get(`${type}/\`${name}\`/${action}`);
  if (applied === undefined) throw new StatementError('Command not found', 40400);
  return { status: 200, body: { status: 'SUCCESS', ...applied } };
}

function isValidProperty({ parameters: { property = '' } }: KsqlCall): Answer {
  if (isKnownProperty(property) && !isFixed(property)) return { status: 200, body: true };
  throw new StatementError(
    `One or more properties overrides set locally are prohibited by the KSQL server (use UNSET to reset their default value): [${property}]`,
    40000,
  );
}
