import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { bounded } from '../api.js';
import { type Entity, InvalidValues, type Rows } from '../entity.js';
import type { Html } from '../html.js';
import {
  deletePage,
  type FormState,
  type Frame,
  formPage,
  homePage,
  isDone,
  listPage,
  loginPage,
  problemPage,
} from './pages.js';
import { Sessions } from './session.js';

export interface AdminOptions {
  /** Where it is; without a trailing slash. */
  readonly base: string;
  readonly title: string;
  readonly notice: string | undefined;
  readonly all: readonly Rows[];
  /** Signs the sessions. */
  readonly secret: string;
}

const PAGE_SIZE = 50;
/** Nothing but the page itself: no script, no picture, no other site around it. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

type Form = Readonly<Record<string, unknown>>;
type OfRow = { Params: { id: string }; Body: Form };

/** The admin site: plain pages and forms, a list with search, adding, changing and deleting for each entity. */
export function adminSite(options: AdminOptions): FastifyPluginAsync {
  const sessions = new Sessions(options.secret);
  // Cookies know no ports: three sites on one host need a name each.
  const cookieName = `${options.title.toLowerCase().replace(/[^a-z0-9]+/g, '_')}_admin`;
  const entities = options.all.map((rows) => rows.entity);
  const { base } = options;
  const frame = (request: FastifyRequest): Frame => ({
    base,
    site: options.title,
    notice: options.notice,
    entities,
    token: sessions.formToken(request.cookies[cookieName] ?? ''),
  });

  return async (app) => {
    await app.register(cookie);
    app.addHook('onSend', async (_request, reply) => {
      reply.header('content-security-policy', POLICY).header('cache-control', 'no-store');
    });
    // Unless the site has a front page of its own.
    const front = base.replace(/\/[^/]*$/, '') || '/';
    if (!app.hasRoute({ method: 'GET', url: front })) app.get(front, (_request, reply) => reply.redirect(`${base}/`));
    loginRoutes(app, options, sessions, cookieName);

    await app.register(async (inside) => {
      inside.addHook<{ Body: Form | undefined }>('preHandler', async (request, reply) => {
        const session = request.cookies[cookieName];
        if (!sessions.isValid(session)) {
          const next = request.method === 'GET' ? `?next=${encodeURIComponent(request.url)}` : '';
          return reply.redirect(`${base}/login${next}`, 303);
        }
        if (request.method === 'POST' && !sessions.isFormToken(request.body?.token, session)) {
          const message = 'It came from another page or an old session. Nothing was changed.';
          return send(reply.code(403), problemPage(frame(request), 'This form is not valid', message));
        }
        return undefined;
      });
      inside.get(base, async (request, reply) => {
        const totals = await Promise.all(options.all.map((rows) => rows.list(1, 1, '')));
        const counts = new Map(options.all.map((rows, index) => [rows.entity.plural, totals[index]?.total ?? 0]));
        return send(reply, homePage(frame(request), counts));
      });
      inside.post(`${base}/logout`, (_request, reply) =>
        reply.clearCookie(cookieName, { path: '/' }).redirect(`${base}/login`, 303),
      );
      for (const rows of options.all) entityPages(inside, rows, base, frame);
    });
  };
}

function loginRoutes(
  app: FastifyInstance,
  { title: site, base }: AdminOptions,
  sessions: Sessions,
  cookieName: string,
): void {
  app.get<{ Querystring: { next?: string } }>(`${base}/login`, (request, reply) =>
    send(reply, loginPage({ site, base }, safeNext(request.query.next, base))),
  );
  app.post<{ Body: Form | undefined }>(`${base}/login`, (request, reply) => {
    const next = safeNext(request.body?.next, base);
    const session = sessions.logIn(request.body?.username, request.body?.password);
    if (session === undefined) {
      return send(reply.code(401), loginPage({ site, base }, next, 'The user name or the password is wrong.'));
    }
    return reply.setCookie(cookieName, session, { path: '/', httpOnly: true, sameSite: 'lax' }).redirect(next, 303);
  });
}

/** A page of this site to go on with after the login, never an address elsewhere. */
function safeNext(next: unknown, base: string): string {
  const isOurs =
    typeof next === 'string' &&
    next.startsWith(base) &&
    /^(\/[\w-]+)*\/?(\?[\w=&%.+-]*)?$/.test(next.slice(base.length));
  return isOurs ? next : `${base}/`;
}

function entityPages(app: FastifyInstance, rows: Rows, base: string, frame: (request: FastifyRequest) => Frame): void {
  const { entity } = rows;
  const path = `${base}/${entity.plural}`;
  const done = (reply: FastifyReply, what: string) => reply.redirect(`${path}?done=${what}`, 303);
  const missing = (request: FastifyRequest, reply: FastifyReply) =>
    send(reply.code(404), problemPage(frame(request), 'Not found', `There is no such ${entity.name} (any more).`));

  app.get<{ Querystring: { page?: string; q?: string; done?: string } }>(path, async (request, reply) => {
    const search = request.query.q?.trim() ?? '';
    const list = await rows.list(bounded(request.query.page, 1, 1_000_000), PAGE_SIZE, search);
    const what = isDone(request.query.done) ? request.query.done : undefined;
    return send(reply, listPage(frame(request), entity, list, search, what));
  });

  app.get(`${path}/new`, (request, reply) =>
    send(reply, formPage(frame(request), entity, { id: undefined, values: {}, invalid: {} })),
  );
  app.post<{ Body: Form }>(`${path}/new`, async (request, reply) => {
    const invalid = await invalidOf(() => rows.create(withoutId(request.body)));
    if (invalid === undefined) return done(reply, 'created');
    return sendForm(request, reply, entity, { id: undefined, values: request.body, invalid });
  });

  app.get<OfRow>(`${path}/:id`, async (request, reply) => {
    const row = await rows.find(request.params.id);
    if (row === undefined) return missing(request, reply);
    return send(reply, formPage(frame(request), entity, { id: row.id, values: row, invalid: {} }));
  });
  app.post<OfRow>(`${path}/:id`, async (request, reply) => {
    const { id } = request.params;
    let found = true;
    const invalid = await invalidOf(async () => {
      found = (await rows.update(id, request.body)) !== undefined;
    });
    if (!found) return missing(request, reply);
    if (invalid === undefined) return done(reply, 'updated');
    return sendForm(request, reply, entity, { id, values: request.body, invalid });
  });

  app.get<OfRow>(`${path}/:id/delete`, async (request, reply) => {
    const row = await rows.find(request.params.id);
    if (row === undefined) return missing(request, reply);
    return send(reply, deletePage(frame(request), entity, row));
  });
  app.post<OfRow>(`${path}/:id/delete`, async (request, reply) =>
    (await rows.remove(request.params.id)) ? done(reply, 'deleted') : missing(request, reply),
  );

  function sendForm(request: FastifyRequest, reply: FastifyReply, of: Entity, state: FormState): FastifyReply {
    return send(reply.code(400), formPage(frame(request), of, state));
  }
}

/** A new row gets an id of its own: the form has no field for it, so neither has a forged one. */
const withoutId = ({ id: _, ...values }: Form): Form => values;

/** What is wrong with which field; undefined where it went through. */
async function invalidOf(change: () => Promise<unknown>): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    await change();
    return undefined;
  } catch (failure) {
    if (failure instanceof InvalidValues) return failure.fields;
    throw failure;
  }
}

const send = (reply: FastifyReply, page: Html): FastifyReply =>
  reply.type('text/html; charset=utf-8').send(page.markup);
