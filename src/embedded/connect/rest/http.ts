import { type Api, createApi } from '../../../http/api.js';
import { parseJsonText } from '../../../http/body.js';
import type { Front, FrontOptions, Request } from '../../../http/front.js';
import { HttpProblem } from '../../../http/problem.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { ADMIN_ROUTES } from './admin.js';
import { CONNECTOR_ROUTES } from './connectors.js';
import { RestFailure } from './failure.js';
import { OFFSET_ROUTES } from './offsets.js';
import { PLUGIN_ROUTES } from './plugins.js';
import type { RestContext } from './route.js';

export const ROUTES = [...ADMIN_ROUTES, ...CONNECTOR_ROUTES, ...OFFSET_ROUTES, ...PLUGIN_ROUTES];

const API: Api<RestContext> = {
  routes: ROUTES,
  bodyBytesMax: 4 * 1024 * 1024, // a configuration is a few kilobytes
  parseBody,
  contentType: () => 'application/json',
  failure(failure) {
    const status = failure instanceof RestFailure || failure instanceof HttpProblem ? failure.status : 500;
    return { status, body: { error_code: status, message: messageOf(failure) } };
  },
};

export const restServer = (
  context: RestContext,
  options: { readonly log: Log } & Pick<FrontOptions, 'allowedHosts' | 'login'>,
): Front => createApi(API, { context, ...options });

function parseBody(bytes: Buffer, request: Request): unknown {
  if (bytes.length === 0) return undefined;
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new RestFailure(415, 'HTTP 415 Unsupported Media Type');
  const text = bytes.toString('utf8');
  return text.trim() === '' ? undefined : parseJsonText(text);
}
