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
    launch: ({ upstream, dataDir }) =>
      embeddedProgram('ksqldb', {
        // It reaches an unprotected Kafka only; what else an address may ask for is refused by its own start.
        kafkaBootstrapServers: upstream.of(server('kafka'))?.host.bootstrapServers,
        schemaRegistryUrl: upstream.of(server('schemaRegistry'))?.host.url,
        connectUrl: upstream.of(server('connect'))?.host.url,
        ...(upstream.isForeign(server('kafka')) && { serviceId: `${name}_` }),
        dataDir,
      }),
    endpoint: httpOnHost,
  },
  compose: httpContainer('ksqldb', 'KSQLDB_PORT', 8088),
});
