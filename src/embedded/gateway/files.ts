import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { send } from '@fastify/send';
import type { Target } from '../../http/target.js';
import { sendProblem } from './problem.js';
import { belowPrefix, type FilesRoute } from './routes.js';

/**
 * A file of a route's folder: with its content type, ETag and Last-Modified, whole or by range. `index.html` stands for its
 * folder, and a folder without a trailing slash is redirected to. Names that begin with a dot do not exist, and no path
 * leads out of the folder; symbolic links in it are followed, as nginx does. Not implemented: listings, compression,
 * caching beyond revalidation.
 */
export async function serveFile(
  request: IncomingMessage,
  response: ServerResponse,
  { path }: Target,
  route: FilesRoute,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return sendProblem(response, {
      status: 405,
      code: 'method',
      message: `files are only read, not ${request.method}`,
    });
  }
  const below = belowPrefix(path, route);
  if (below === '') return toFolder(request, response, path);
  const found = await send(request, below, { root: route.files, dotfiles: 'ignore' });
  if (found.type === 'directory') return toFolder(request, response, path);
  if (found.type === 'error') {
    const range = found.headers['Content-Range'];
    if (range !== undefined) response.setHeader('content-range', range);
    const { statusCode: status } = found;
    return sendProblem(response, {
      status,
      code: status === 404 ? 'no-file' : 'refused',
      message: found.metadata.error.message,
    });
  }
  response.writeHead(found.statusCode, withOwn(response, found.headers));
  // A client that goes away, or a file that can't be read any more, ends the response unfinished.
  pipeline(found.stream, response, () => {});
}

/** What the route sets counts more than what is found out. */
function withOwn(response: ServerResponse, headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !response.hasHeader(name)));
}

/** Slashes at the front would make a host name of what follows. */
function toFolder(request: IncomingMessage, response: ServerResponse, path: string): void {
  const query = request.url?.slice(path.length) ?? '';
  response.writeHead(301, { location: `${path.replace(/^\/+/, '/')}/${query}` }).end();
}
