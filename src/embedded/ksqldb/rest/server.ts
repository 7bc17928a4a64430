import { createServer as createHttp1, type Server as Http1Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { messageOf } from '../../../support/errors.js';
import { closed, listen } from '../../../support/listen.js';
import type { Engine } from '../engine.js';
import { StatementError } from '../statement-error.js';
import { KSQLDB_VERSION } from '../version.js';
import { genericError } from './errors.js';
import { handleInserts } from './inserts-route.js';
import { handleCloseQuery, handleQuery, handleQueryStream } from './query-route.js';
import { jsonType, type Request, type Response, sendJson } from './request.js';
import { StatementsRoute } from './statements-route.js';

/** How an HTTP/2 client begins a connection without TLS and without upgrade. */
const HTTP2_PREFACE = Buffer.from('PRI * HT');

type Route = (request: Request, response: Response) => Promise<void>;

/** The REST API on one port, HTTP/1.1 and HTTP/2 in clear text. */
export class RestServer {
  private readonly sockets = new Set<Socket>();
  private readonly http1: Http1Server;
  private http2: Http2Server | undefined;
  private readonly net = createServer((socket) => this.accept(socket));
  private readonly routes: ReadonlyMap<string, Route>;

  constructor(
    private readonly engine: Engine,
    private readonly clusterId: () => Promise<string>,
  ) {
    const statements = new StatementsRoute(engine);
    this.http1 = createHttp1((request, response) => void this.handle(request, response));
    this.routes = new Map<string, Route>([
      ['POST /ksql', (request, response) => statements.handle(request, response)],
      ['POST /query', (request, response) => handleQuery(engine, request, response)],
      ['POST /query-stream', (request, response) => handleQueryStream(engine, request, response)],
      ['POST /close-query', (request, response) => handleCloseQuery(engine, request, response)],
      ['POST /inserts-stream', (request, response) => handleInserts(engine, request, response)],
      ['GET /info', (request, response) => this.info(request, response)],
      ['GET /healthcheck', (request, response) => this.health(request, response)],
      [
        'GET /clusterStatus',
        async (request, response) => sendJson(response, 200, { clusterStatus: {} }, jsonType(request)),
      ],
    ]);
  }

  listen(host: string, port: number): Promise<number> {
    return listen(this.net, { host, port });
  }

  async close(): Promise<void> {
    const ended = closed(this.net);
    for (const socket of this.sockets) socket.destroy();
    await ended;
  }

  /** The first bytes tell the protocol; they are put back for whoever serves it. */
  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      const two = first.subarray(0, HTTP2_PREFACE.length).equals(HTTP2_PREFACE);
      if (!two) {
        this.http1.emit('connection', socket);
        socket.resume();
        return;
      }
      void this.serveHttp2(socket);
    });
  }

  private async serveHttp2(socket: Socket): Promise<void> {
    // Loaded when the first client speaks it: few do, and it costs start-up time.
    const { createServer: createHttp2 } = await import('node:http2');
    this.http2 ??= createHttp2((request, response) => void this.handle(request, response));
    this.http2.emit('connection', socket);
  }

  private async handle(request: Request, response: Response): Promise<void> {
    try {
      await this.route(request, response);
    } catch (failure) {
      const code = failure instanceof StatementError ? failure.code : 50000;
      if (code >= 50000) this.engine.parts.log.error(`${request.method} ${request.url}: ${messageOf(failure)}`);
      if (response.headersSent) response.end();
      else {
        const { status, body } = genericError(code, messageOf(failure));
        sendJson(response, status, body, jsonType(request));
      }
    }
  }

  private async route(request: Request, response: Response): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const route = this.routes.get(`${request.method} ${path}`);
    if (route !== undefined) return route(request, response);
    if (request.method === 'GET' && path.startsWith('/status')) return this.status(path, request, response);
    if (request.method === 'GET' && path.startsWith('/is_valid_property/')) {
      return this.isValidProperty(decodeURIComponent(path.slice('/is_valid_property/'.length)), request, response);
    }
    if (request.method === 'GET' && path === '/') {
      response.writeHead(307, { location: '/info' });
      response.end();
      return;
    }
    const { status, body } = genericError(40400, `HTTP 404 Not Found: ${path}`);
    sendJson(response, status, body, jsonType(request));
  }

  private async info(request: Request, response: Response): Promise<void> {
    const info = {
      version: KSQLDB_VERSION,
      kafkaClusterId: await this.clusterId(),
      ksqlServiceId: this.engine.parts.serviceId,
      serverStatus: 'RUNNING',
    };
    sendJson(response, 200, { KsqlServerInfo: info }, jsonType(request));
  }

  private async health(request: Request, response: Response): Promise<void> {
    const kafka = await this.engine.parts.kafka.describeCluster().then(
      () => true,
      () => false,
    );
    const details = { metastore: { isHealthy: true }, kafka: { isHealthy: kafka }, commandRunner: { isHealthy: true } };
    sendJson(response, kafka ? 200 : 503, { isHealthy: kafka, details, serverState: 'READY' }, jsonType(request));
  }

  /** Every command is done before it is answered, so all that are known have succeeded. */
  private async status(path: string, request: Request, response: Response): Promise<void> {
    const names = [...this.engine.metastore.sources.values()].map(
      ({ name, type }) => `${type.toLowerCase()}/\`${name}\`/create`,
    );
    if (path === '/status') {
      sendJson(
        response,
        200,
        { commandStatuses: Object.fromEntries(names.map((name) => [name, 'SUCCESS'])) },
        jsonType(request),
      );
      return;
    }
    const wanted = decodeURIComponent(path.slice('/status/'.length));
    const known = names.find((name) => name === wanted || name.replaceAll('`', '') === wanted);
    if (known === undefined) throw new StatementError('Command not found', 40400);
    sendJson(response, 200, { status: 'SUCCESS', message: 'Stream created', queryId: null }, jsonType(request));
  }

  private async isValidProperty(name: string, request: Request, response: Response): Promise<void> {
    const valid =
      /^(ksql\.|auto\.offset\.reset|cache\.max\.bytes\.buffering|commit\.interval\.ms|num\.stream\.threads|processing\.guarantee|statestore\.)/.test(
        name,
      );
    if (!valid)
      throw new StatementError(
        `One or more properties overrides set locally are prohibited by the KSQL server (use UNSET to reset their default value): [${name}]`,
        40000,
      );
    sendJson(response, 200, true, jsonType(request));
  }
}
