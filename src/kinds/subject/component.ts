import type { Pipeline } from '../../pipeline/pipeline.js';
import { type Component, server } from '../../targets/component.js';
import { embeddedProgram } from '../../targets/embedded-program.js';
import {
  type HttpEndpoint,
  type HttpServerAddress,
  httpAddress,
  httpContainer,
  loginOnHost,
} from '../http-component.js';

declare module '../../targets/component.js' {
  interface ComponentKinds {
    readonly schemaRegistry: {
      readonly endpoint: HttpEndpoint;
      readonly launch: undefined;
      readonly address: HttpServerAddress;
    };
  }
}

export const registryComponent = ({
  name,
  target,
}: Pick<Pipeline, 'name' | 'target'>): Component<'schemaRegistry'> => ({
  ...server('schemaRegistry'),
  placed: target.schemaRegistry,
  needs: [server('kafka')],
  address: httpAddress('SCHEMA_REGISTRY'),
  embedded: {
    process: 'registry',
    port: 8081,
    layer: 1,
    protocol: 'http',
    stopTimeoutMs: 5_000,
    launch: ({ upstream, dataDir, secrets }) =>
      embeddedProgram('schema-registry', {
        ...upstream.of(server('kafka'))?.host,
        ...(upstream.isForeign(server('kafka')) && { topic: `_evpipe_${name}_schemas` }),
        dataDir,
        login: secrets.login('registry'),
      }),
    endpoint: loginOnHost('registry'),
  },
  compose: {
    ...httpContainer('registry', 'REGISTRY_PORT', 8081),
    // A container has a user and password in the URL, and no way to further credentials.
    told: ({ url, token, ssl }) =>
      token === undefined && ssl === undefined ? { SCHEMA_REGISTRY_URL: url } : undefined,
  },
});
