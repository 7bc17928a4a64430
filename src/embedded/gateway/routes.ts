export interface GatewayRoute {
  /** Of the path: `/api/v1/main` takes `/api/v1/main`, `/api/v1/main/7` and `/api/v1/main?a=b`, not `/api/v1/mainly`; `/` takes all. */
  readonly prefix: string;
  readonly service: string;
  /** http://127.0.0.1:8000 */
  readonly url: string;
  /** The path that tells whether the service is ready; undefined: it is asked for `/`, and any answer will do. */
  readonly ready?: string;
}

/** The route of a path: of all that match, the longest. */
export function routeOf(path: string, routes: readonly GatewayRoute[]): GatewayRoute | undefined {
  const bare = path.split(/[?#]/, 1)[0] ?? '';
  return routes
    .filter(({ prefix }) => {
      const stem = prefix.replace(/\/+$/, '');
      return bare === stem || bare.startsWith(`${stem}/`);
    })
    .reduce<GatewayRoute | undefined>(
      (best, one) => (best === undefined || one.prefix.length > best.prefix.length ? one : best),
      undefined,
    );
}
