import * as z from 'zod';
import { section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { mapping, text, whole } from '../../pipeline/spec-words.js';
import type { Placed } from '../../targets/component.js';
import type { HttpServerAddress } from '../http-component.js';

export interface GatewaySection extends Located {
  readonly port: number;
  /** A path (it and all below it) to a service. */
  readonly routes: ReadonlyArray<{ readonly prefix: string; readonly service: string }>;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    /** Undefined: nothing stands in front of the services. */
    readonly gateway: GatewaySection | undefined;
  }

  interface TargetSection {
    readonly gateway?: Placed<HttpServerAddress> | undefined;
  }
}

const spec = mapping({
  port: whole(1, 65_535, 'a port is 1 to 65535').describe('Port that it listens on'),
  routes: z
    .record(z.string(), text)
    .describe('Path to service: requests to the path and everything below it go there; the longest path wins')
    .meta({ examples: [{ '/api/v1/main': 'main' }] }),
});

export const gateway = section(
  'gateway',
  spec.optional().describe('One port in front of the services'),
  (declared, { located }) => {
    if (declared === undefined) return { gateway: undefined };
    const { port, routes } = declared;
    return {
      gateway: {
        ...located('gateway', 'gateway'),
        port,
        routes: Object.entries(routes).map(([prefix, service]) => ({ prefix, service })),
      },
    };
  },
);
