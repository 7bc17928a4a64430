import type { FilesRoute, ServiceRoute } from './section.js';

/** The routes as they are served: where each service is now. */
export interface GatewayLaunch {
  readonly routes: ReadonlyArray<LaunchedRoute | FilesRoute>;
}

export interface LaunchedRoute extends ServiceRoute {
  /** Where the service is now. */
  readonly url: string;
  /** The path that tells whether it is ready. */
  readonly ready?: string;
}
