import { type Answer, type Api, type Route as ApiRoute, createApi } from '../../../http/api.js';
import type { Front } from '../../../http/front.js';
import { HttpProblem } from '../../../http/problem.js';
import { messageOf } from '../../../support/errors.js';
import { type ManagementContext, Reply, ROUTES } from './routes.js';

const NOT_FOUND = new Reply(404, { error: 'Object Not Found', reason: 'Not Found' });

const routes: ReadonlyArray<ApiRoute<ManagementContext, undefined>> = ROUTES.map(({ path, get }) => ({
  method: 'GET',
  path: `/api/${path}`,
  handle({ parameters: { vhost = '/', ...others } }, context): Answer {
    const found = vhost === '/' ? (get(context, Object.values(others)) ?? NOT_FOUND) : NOT_FOUND;
    return found instanceof Reply ? found : { status: 200, body: JSON.stringify(found) };
  },
}));

const API: Api<ManagementContext, undefined> = {
  routes,
  bodyBytesMax: 64 * 1024, // nothing is read from bodies
  parseBody: () => undefined,
  contentType: () => 'application/json',
  failure(failure) {
    if (!(failure instanceof HttpProblem))
      return { status: 500, body: { error: 'Internal Server Error', reason: messageOf(failure) } };
    if (failure.status === 401) {
      const headers = { 'www-authenticate': 'Basic realm="RabbitMQ Management"' };
      return { status: 401, body: { error: 'not_authorized', reason: 'Login failed' }, headers };
    }
    if (failure.status === 404) return NOT_FOUND;
    return {
      status: failure.status,
      body: { error: ERRORS[failure.status] ?? 'bad_request', reason: failure.message },
    };
  },
};

const ERRORS: Readonly<Record<number, string>> = { 403: 'access_refused', 405: 'Method Not Allowed' };

/** The HTTP API, with basic authentication by the AMQP user. */
export function createManagement(
  context: ManagementContext,
  options: { readonly allowedHosts?: readonly string[] | undefined } = {},
): Front {
  const { log, user, password } = context.broker;
  return createApi(API, { context, log, login: { username: user, password }, ...options });
}
