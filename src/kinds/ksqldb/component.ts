import type { Pipeline } from '../../pipeline/pipeline.js';
import { type Component, server } from '../../targets/component.js';
import { embeddedProgram, MANY_NEW_OBJECTS } from '../../targets/embedded-program.js';
import {
  type HttpEndpoint,
  type HttpServerAddress,
  httpAddress,
  httpContainer,
  loginOnHost,
} from '../http-component.js';

declare module '../../targets/component.js' {
  interface ComponentKinds {
    readonly ksqldb: {
      readonly endpoint: HttpEndpoint;
      readonly launch: undefined;
      readonly address: HttpServerAddress;
    };
  }
}

export const ksqldbComponent = ({ name, target }: Pick<Pipeline, 'name' | 'target'>): Component<'ksqldb'> => ({
  ...server('ksqldb'),
  placed: target.ksqldb,
  needs: [server('kafka'), server('schemaRegistry'), server('connect')],
  address: httpAddress('KSQLDB'),
  embedded: {
    process: 'ksqldb',
    port: 8088,
    layer: 3,
    protocol: 'http',
    stopTimeoutMs: 10_000,
    launch: ({ upstream, secrets, dataDir }) =>
      embeddedProgram(
        'ksqldb',
        {
          kafka: upstream.of(server('kafka'))?.host,
          schemaRegistry: upstream.of(server('schemaRegistry'))?.host,
          connect: upstream.of(server('connect'))?.host,
          ...(upstream.isForeign(server('kafka')) && { serviceId: `${name}_`, isShared: true }),
          login: secrets.login('ksqldb'),
          dataDir,
        },
        { nodeFlags: MANY_NEW_OBJECTS },
      ),
    endpoint: loginOnHost('ksqldb'),
  },
  compose: httpContainer('ksqldb', 'KSQLDB_PORT', 8088),
});
