import type { FastifyInstance } from 'fastify';
import type { Cache } from './cache.js';

export interface Kept {
  readonly of: Cache;
  readonly listSeconds: number;
  readonly rowSeconds: number;
}

/** Answers GET below `api` from the cache where it is there (header x-cache), and forgets what a write may have changed. */
export function cacheAnswers(app: FastifyInstance, api: string, { of: cache, listSeconds, rowSeconds }: Kept): void {
  const plural = (url: string): string | undefined => {
    const path = url.split('?')[0] ?? '';
    return path.startsWith(`${api}/`) ? path.slice(api.length + 1).split('/')[0] : undefined;
  };
  const keyOf = (url: string): string => `answer:${api}:${plural(url)}:${url}`;
  const isRow = (url: string): boolean => (url.split('?')[0] ?? '').split('/').length > api.split('/').length + 1;

  app.addHook('onRequest', async ({ method, url }, reply) => {
    if (method !== 'GET' || plural(url) === undefined) return;
    const kept = await cache.get(keyOf(url));
    if (kept === undefined) return;
    await reply.header('content-type', 'application/json; charset=utf-8').header('x-cache', 'hit').send(kept);
  });
  app.addHook('onSend', async ({ method, url }, reply, payload) => {
    const about = plural(url);
    const ours = about !== undefined && String(reply.getHeader('content-type')).startsWith('application/json');
    if (method !== 'GET' && about !== undefined) await cache.forget(`answer:${api}:${about}:`);
    else if (
      ours &&
      reply.statusCode === 200 &&
      reply.getHeader('x-cache') === undefined &&
      typeof payload === 'string'
    )
      await cache.set(keyOf(url), payload, isRow(url) ? rowSeconds : listSeconds);
    return payload;
  });
}
