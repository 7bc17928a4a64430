import type { Pipeline } from '../../pipeline/pipeline.js';
import { type Component, server } from '../../targets/component.js';
import { embeddedProgram } from '../../targets/embedded-program.js';
import {
  type HttpEndpoint,
  type HttpServerAddress,
  httpAddress,
  httpContainer,
  httpOnHost,
} from '../http-component.js';
import { service } from '../service/component.js';
import type { GatewayLaunch } from './launch.js';
import { nginxConfig } from './nginx.js';
import { type GatewaySection, serviceRoutes } from './section.js';

declare module '../../targets/component.js' {
  interface ComponentKinds {
    readonly gateway: {
      readonly endpoint: HttpEndpoint;
      readonly launch: GatewayLaunch;
      readonly address: HttpServerAddress;
    };
  }
}

export const GATEWAY = server('gateway');

export const gatewayComponent = (
  { port, routes }: Pick<GatewaySection, 'port' | 'routes'>,
  { target }: Pick<Pipeline, 'target'>,
): Component<'gateway'> => ({
  ...GATEWAY,
  placed: target.gateway,
  // A container reaches no process of this host, so one in front of processes is a process too.
  defaultProvider: (base, providerOf) =>
    base === 'compose' && serviceRoutes({ routes }).every((route) => providerOf(service(route.service)) === 'compose')
      ? 'compose'
      : 'embedded',
  address: httpAddress('GATEWAY'),
  embedded: {
    process: 'gateway',
    port,
    layer: 6, // stopped before what it stands in front of
    protocol: 'http',
    stopTimeoutMs: 5_000,
    launch: ({ launch }) => embeddedProgram('gateway', { routes: launch.routes }),
    endpoint: httpOnHost,
  },
  compose: {
    ...httpContainer('gateway', 'GATEWAY_PORT', 80, port),
    mounts: Object.fromEntries(folders(routes).map((folder, index) => [mounted(index), folder])),
    launchFile: { name: 'gateway.conf', text: (launch) => nginxConfig(inContainer(launch.routes)), isMounted: true },
  },
});

const folders = (routes: GatewaySection['routes']): readonly string[] => [
  ...new Set(routes.flatMap((route) => ('files' in route ? [route.files] : []))),
];

const mounted = (index: number): string => `/srv/files${index}`;

/** Routes with their folders as the container sees them. */
function inContainer(routes: GatewayLaunch['routes']): GatewayLaunch['routes'] {
  const mounts = folders(routes);
  return routes.map((route) => ('files' in route ? { ...route, files: mounted(mounts.indexOf(route.files)) } : route));
}
