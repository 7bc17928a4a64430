import { createHash } from 'node:crypto';
import type { Pipeline } from '../../pipeline/pipeline.js';
import type { Environment } from '../../support/environment.js';
import { type Component, server } from '../../targets/component.js';
import { envFile } from '../../targets/compose/env-file.js';
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
    readonly connect: {
      readonly endpoint: HttpEndpoint;
      readonly launch: ConnectLaunch | undefined;
      readonly address: HttpServerAddress;
    };
  }
}

export interface ConnectLaunch {
  /** What `${env:NAME}` in a connector's config means on a worker that evpipe starts; resolved values. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute folders that its file and directory placeholders may read. */
  readonly allowedPaths: readonly string[];
}

export const connectComponent = ({ name, target }: Pick<Pipeline, 'name' | 'target'>): Component<'connect'> => ({
  ...server('connect'),
  placed: target.connect,
  needs: [server('kafka')],
  address: httpAddress('CONNECT'),
  embedded: {
    process: 'connect',
    port: 8083,
    layer: 2,
    protocol: 'http',
    stopTimeoutMs: 10_000,
    launch: ({ launch, upstream, dataDir, stateFolder, secrets }) =>
      embeddedProgram(
        'connect',
        {
          kafka: upstream.of(server('kafka'))?.host,
          ...(upstream.isForeign(server('kafka')) && { workerConfig: ownCluster(name) }),
          dataDir,
          login: secrets.login('connect'),
          ...launch,
          stateFolder,
        },
        { nodeFlags: MANY_NEW_OBJECTS },
      ),
    endpoint: loginOnHost('connect'),
  },
  compose: {
    ...httpContainer('connect', 'CONNECT_PORT', 8083),
    variables: (_, env) => images(env),
    told: ({ url, token, ssl }) => (token === undefined && ssl === undefined ? { CONNECT_URL: url } : undefined),
    launchFile: { name: 'connect.env', text: ({ env }) => envFile(env) },
  },
});

const ownCluster = (pipeline: string) => ({
  'group.id': `_evpipe_${pipeline}_connect`,
  'config.storage.topic': `_evpipe_${pipeline}_connect-configs`,
  'offset.storage.topic': `_evpipe_${pipeline}_connect-offsets`,
  'status.storage.topic': `_evpipe_${pipeline}_connect-status`,
});

const CONNECT_IMAGE = 'quay.io/debezium/connect:3.4.0.Final';
const AVRO_CONVERTER_IMAGE = 'confluentinc/cp-kafka-connect-base:7.9.2';

/** Connect's image is built from two, so its tag changes with them. */
function images(env: Environment): Environment {
  const connect = env.EVPIPE_IMAGE_CONNECT || CONNECT_IMAGE;
  const converter = env.EVPIPE_IMAGE_AVRO_CONVERTER || AVRO_CONVERTER_IMAGE;
  const tag = createHash('sha256').update(`${connect} ${converter}`).digest('hex').slice(0, 12);
  return { CONNECT_IMAGE: connect, AVRO_CONVERTER_IMAGE: converter, CONNECT_TAG: tag };
}
