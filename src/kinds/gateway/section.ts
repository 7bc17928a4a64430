import { resolve } from 'node:path';
import * as z from 'zod';
import { durationMs } from '../../pipeline/build.js';
import { type BuildContext, section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { problem } from '../../pipeline/problem.js';
import { duration, mapping, settings, text, whole } from '../../pipeline/spec-words.js';
import type { Placed } from '../../targets/component.js';
import type { HttpServerAddress } from '../http-component.js';

export interface GatewaySection extends Located {
  readonly port: number;
  readonly routes: readonly RouteSection[];
}

export type RouteSection = ServiceRoute | FilesRoute;

interface Route {
  /** A path: it and all below it. */
  readonly prefix: string;
  /** Set on every response, in place of what the service says. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
}

export interface ServiceRoute extends Route {
  readonly service: string;
  /** What the service gets in place of the prefix; undefined: the path as it came. */
  readonly rewrite?: string;
  /** Set on every request, in place of what the client says. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** How long the service may say nothing. */
  readonly timeoutMs?: number;
}

export interface FilesRoute extends Route {
  /** Absolute. */
  readonly files: string;
}

/** The routes that lead to a service. */
export const serviceRoutes = (gateway: Pick<GatewaySection, 'routes'> | undefined): readonly ServiceRoute[] =>
  (gateway?.routes ?? []).filter((route) => 'service' in route);

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    /** Undefined: nothing stands in front of the services. */
    readonly gateway: GatewaySection | undefined;
  }

  interface TargetSection {
    readonly gateway?: Placed<HttpServerAddress> | undefined;
  }
}

const route = mapping({
  service: text.optional().describe('The service that answers; a route has this or files'),
  files: text
    .optional()
    .describe('A folder whose files are served, relative to the file; index.html stands for its folder'),
  strip: z.boolean().optional().describe('Whether the service gets the path without the prefix'),
  rewrite: text
    .optional()
    .describe('Path that the service gets in place of the prefix')
    .meta({ examples: ['/api/v2'] }),
  headers: mapping({
    request: settings.optional().describe('Headers set on requests to the service'),
    response: settings.optional().describe('Headers set on responses'),
  })
    .optional()
    .describe('Headers that replace those of the client or the service'),
  timeout: duration.optional().describe('How long the service may say nothing before 504; default: 5m'),
});

type RouteSpec = z.output<typeof route>;

const spec = mapping({
  port: whole(1, 65_535, 'a port is 1 to 65535').describe('Port that it listens on'),
  routes: z
    .record(z.string(), z.union([text, route], { error: 'must be a service, or a mapping with service or files' }))
    .describe(
      'Path to service, or a mapping: requests to the path and everything below it go there; the longest path wins',
    )
    .meta({ examples: [{ '/api/v1/main': 'main', '/static': { files: 'static' } }] }),
});

export const gateway = section(
  'gateway',
  spec.optional().describe('One port in front of the services'),
  (declared, context) => {
    if (declared === undefined) return { gateway: undefined };
    const at = context.located('gateway', 'gateway');
    const routes = Object.entries(declared.routes).flatMap(([prefix, one]) =>
      typeof one === 'string' ? [{ prefix, service: one }] : buildRoute(prefix, one, at, context),
    );
    return { gateway: { ...at, port: declared.port, routes } };
  },
);

function buildRoute(
  prefix: string,
  { service, files, strip, rewrite, headers, timeout }: RouteSpec,
  at: Located,
  { problems, folder }: BuildContext,
): readonly RouteSection[] {
  const refuse = (message: string): void => {
    problems.push(problem('gateway-route', at.locationOf('routes', prefix), `route ${prefix} ${message}`));
  };
  const response = headers?.response === undefined ? {} : { responseHeaders: headers.response };
  if (files !== undefined && service === undefined) {
    if ([strip, rewrite, headers?.request, timeout].some((part) => part !== undefined))
      refuse('serves files: strip, rewrite, request headers and timeout go with service');
    return [{ prefix, files: resolve(folder, files), ...response }];
  }
  if (service === undefined || files !== undefined) {
    refuse('needs either service or files');
    return [];
  }
  if (strip === true && rewrite !== undefined) refuse('has strip and rewrite; it takes one of them');
  const replaced = strip === true ? '/' : rewrite;
  return [
    {
      prefix,
      service,
      ...(replaced !== undefined && { rewrite: replaced }),
      ...(headers?.request !== undefined && { requestHeaders: headers.request }),
      ...(timeout !== undefined && { timeoutMs: durationMs(timeout) }),
      ...response,
    },
  ];
}
