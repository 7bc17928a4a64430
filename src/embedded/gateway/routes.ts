export type GatewayRoute = ServiceRoute | FilesRoute;

interface Route {
  /** Of the path: `/api/v1/main` takes `/api/v1/main`, `/api/v1/main/7` and `/api/v1/main?a=b`, not `/api/v1/mainly`; `/` takes all. */
  readonly prefix: string;
  /** In place of what the service says. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
}

export interface ServiceRoute extends Route {
  readonly service: string;
  /** http://127.0.0.1:8000 */
  readonly url: string;
  /** The path that tells whether the service is ready; undefined: it is asked for `/`, and any answer will do. */
  readonly ready?: string;
  /** What the service gets in place of the prefix; undefined: the path as it came. */
  readonly rewrite?: string;
  /** In place of what the client says. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** How long the service may say nothing. */
  readonly timeoutMs?: number;
}

export interface FilesRoute extends Route {
  /** The folder, absolute. */
  readonly files: string;
}

const stemOf = (prefix: string): string => prefix.replace(/\/+$/, '');

/** The route of a path: of all that match, the longest. */
export function routeOf(path: string, routes: readonly GatewayRoute[]): GatewayRoute | undefined {
  const bare = path.split(/[?#]/, 1)[0] ?? '';
  return routes
    .filter(({ prefix }) => {
      const stem = stemOf(prefix);
      return bare === stem || bare.startsWith(`${stem}/`);
    })
    .reduce<GatewayRoute | undefined>(
      (best, one) => (best === undefined || one.prefix.length > best.prefix.length ? one : best),
      undefined,
    );
}

/** What of a path (or a path with its query) follows the prefix of its route: empty, or it begins with `/` or `?`. */
export const belowPrefix = (path: string, { prefix }: GatewayRoute): string => path.slice(stemOf(prefix).length);

/** The path and query that the service of a route is asked for. */
export function rewritten(url: string, route: ServiceRoute): string {
  if (route.rewrite === undefined) return url;
  const [stem, rest] = [stemOf(route.rewrite), belowPrefix(url, route)];
  return stem === '' && !rest.startsWith('/') ? `/${rest}` : stem + rest;
}

/** Whether a decoded path leads upwards, also by a slash that was encoded: below another prefix it would leave that. */
export const leadsUpwards = (segments: readonly string[]): boolean =>
  segments.some((segment) => segment.split(/[\\/]/).includes('..'));
