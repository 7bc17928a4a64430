import formbody from '@fastify/formbody';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { checkJsonDepth } from '../http/body.js';
import { createFront, type Request, type Response } from '../http/front.js';
import { HttpProblem } from '../http/problem.js';
import { messageOf } from '../support/errors.js';
import type { Log } from '../support/log.js';
import { adminSite } from './admin/site.js';
import { entityRoutes } from './api.js';
import type { Cache } from './cache.js';
import { cacheAnswers } from './cached-answers.js';
import { type Database, isUnavailable } from './database.js';
import { type Entity, InvalidValues, Rows } from './entity.js';
import { NotYet } from './not-yet.js';

/** What a service shows to the world: /health, <api>/<plural> and <admin>/<plural> of each entity, and routes of its own. */
export type Site = SiteBase & (SiteOnDatabase | SiteElsewhere);

interface SiteOnDatabase {
  /** Asked by /health. */
  readonly database: Database;
  // biome-ignore lint/suspicious/noExplicitAny: entities of different fields in one list
  readonly entities?: readonly Entity<any>[];
}

/** A site without a database of its own: on a store, or on nothing at all. */
interface SiteElsewhere {
  readonly database?: undefined;
  /** Asked by /health: throws why it can't do its work. */
  readonly check: () => Promise<unknown>;
}

interface SiteBase {
  readonly title: string;
  /** Where the entities' API is; default /api. With a path of its own it also has <api>/docs and <api>/openapi.json. */
  readonly api?: string;
  /** Where the admin site is; default /admin. */
  readonly admin?: string;
  /** Answers of the API are kept in it for a moment. */
  readonly cache?: { readonly of: Cache; readonly listSeconds: number; readonly rowSeconds: number } | undefined;
  /** A sentence above every admin page. */
  readonly notice?: string;
  readonly routes?: (app: FastifyInstance) => void | Promise<void>;
}

export interface WebServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Clients keep connections; closing them after Node's 5 s would make a request now and then fail as it is sent. */
const KEEP_ALIVE_MS = 60_000;
const HEALTH_MS = 3_000;

export async function serve(
  site: Site,
  at: { host: string; port: number; secret: string; allowedHosts?: readonly string[]; log: Log },
): Promise<WebServer> {
  const app = fastify({
    serverFactory: (handler) => {
      const { server } = createFront({ allowedHosts: at.allowedHosts, serve: handler, refuse });
      server.keepAliveTimeout = KEEP_ALIVE_MS;
      return server;
    },
    routerOptions: { ignoreTrailingSlash: true },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  boundJsonDepth(app);
  await app.register(formbody);
  answerFailures(app, at.log);
  app.get('/health', async (_request, reply) => {
    const problem = await health(site);
    if (problem !== undefined) reply.code(503);
    return problem === undefined ? { status: 'ok' } : { status: 'unavailable', why: problem };
  });
  const all = site.database === undefined ? [] : rowsOf(site);
  if (site.cache !== undefined) cacheAnswers(app, site.api ?? '/api', site.cache);
  for (const rows of all) entityRoutes(app, rows, site.api);
  if (site.api !== undefined) {
    const { serveDocuments } = await import('./openapi.js');
    const entities = all.map(({ entity }) => entity);
    serveDocuments(app, { title: site.title, path: site.api, entities });
  }
  await site.routes?.(app);
  if (all.length > 0)
    await app.register(
      adminSite({ base: site.admin ?? '/admin', title: site.title, notice: site.notice, all, secret: at.secret }),
    );

  const url = await app.listen({ host: at.host, port: at.port });
  const address = app.server.address();
  return {
    url,
    port: typeof address === 'object' && address !== null ? address.port : at.port,
    close: () => app.close(),
  };
}

const refuse = (_request: Request, response: Response, { status, message }: HttpProblem): void => {
  const bytes = Buffer.from(JSON.stringify({ error: { code: 'refused', message } }));
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length });
  response.end(bytes);
};

function boundJsonDepth(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    checkJsonDepth(body);
    parse(request, body, done);
  });
}

/** Values are checked by the entities' fields. Fastify's own validator would be loaded all the same, at half the cost of a start. */
const noSchemas = () => (): never => {
  throw new Error('these routes take no JSON schema');
};

const rowsOf = ({ database, entities = [] }: SiteOnDatabase): readonly Rows[] =>
  entities.map((entity) => new Rows(entity, database));

async function health(site: Site): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the database does not answer')), HEALTH_MS);
  });
  try {
    await Promise.race([site.database === undefined ? site.check() : site.database.query('SELECT 1'), tooLate]);
    return undefined;
  } catch (failure) {
    return messageOf(failure);
  } finally {
    clearTimeout(timer);
  }
}

/** Of PostgreSQL: a row like it is there already, what it refers to is not there, it breaks a rule of the table. */
const CONSTRAINTS: ReadonlySet<string> = new Set(['23505', '23503', '23514']);

/** One place that makes a failure an answer: 400 what the client sent, 409 what other rows forbid, 503 what may pass, 500 (and a log line) the rest. */
function answerFailures(app: FastifyInstance, log: Log): void {
  app.setErrorHandler<FastifyError>((failure, request, reply) => {
    if (failure instanceof InvalidValues) {
      return reply.code(400).send({ error: { code: 'invalid', message: failure.message, fields: failure.fields } });
    }
    const status = failure instanceof HttpProblem ? failure.status : failure.statusCode;
    if (status !== undefined && status < 500) {
      return reply.code(status).send({ error: { code: 'refused', message: failure.message } });
    }
    if (failure instanceof NotYet) {
      const message = `${failure.message}: ask again soon`;
      return reply
        .code(503)
        .header('retry-after', '1')
        .send({ error: { code: 'not-yet', message } });
    }
    if (CONSTRAINTS.has(failure.code)) {
      const { detail } = failure as { readonly detail?: string };
      return reply.code(409).send({ error: { code: 'conflict', message: detail ?? failure.message } });
    }
    const what = `${request.method} ${request.url}`;
    if (isUnavailable(failure)) {
      log.warn(`${what}: the database can't be reached: ${failure.message}`);
      return reply
        .code(503)
        .header('retry-after', '1')
        .send({ error: { code: 'unavailable', message: "the database can't be reached" } });
    }
    log.error(`${what}: ${failure.stack ?? failure.message}`);
    return reply.code(500).send({ error: { code: 'failed', message: failure.message } });
  });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: { code: 'not-found', message: `nothing at ${request.url}` } }),
  );
}
