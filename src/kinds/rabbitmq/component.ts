import type { Pipeline } from '../../pipeline/pipeline.js';
import type { TlsFiles } from '../../support/tls-files.js';
import { furtherTls, writtenTls } from '../../support/tls-variables.js';
import { type AddressContext, type Component, eachFace, HOST, inVariable } from '../../targets/component.js';
import { embeddedProgram } from '../../targets/embedded-program.js';
import type { PipelineSecrets } from '../../targets/secrets.js';
import { withoutSlash } from '../http-component.js';
import { oneOf, portAmong } from '../several-servers.js';
import { absoluteTls, referredTls } from '../tls-address.js';
import { rabbitmqServer, rabbitmqServers } from './ids.js';

declare module '../../targets/component.js' {
  interface ComponentKinds {
    readonly rabbitmq: {
      readonly endpoint: RabbitmqEndpoint;
      readonly launch: undefined;
      readonly address: RabbitmqAddress;
    };
  }
}

export interface RabbitmqEndpoint {
  /** amqp://user:password@host:port/vhost */
  readonly url: string;
  /** http://user:password@host:port: where its HTTP API is, if it has one. */
  readonly managementUrl: string;
  /** For both; files by absolute paths. */
  readonly ssl?: TlsFiles | undefined;
}

export interface RabbitmqAddress {
  readonly url: string;
  /** Of the HTTP API; absent: 10000 ports above, where the management plugin has it. */
  readonly management?: string | undefined;
  readonly ssl?: TlsFiles | undefined;
}

const MANAGEMENT = 'MANAGEMENT_URL';

/** `server`: one of several by its name. */
export function rabbitmqComponent(
  { target, rabbitmq }: Pick<Pipeline, 'target' | 'rabbitmq'>,
  server?: string,
): Component<'rabbitmq'> {
  const variable = server === undefined ? 'RABBITMQ' : `RABBITMQ_${inVariable(server)}`;
  const [amqpPort, httpPort] = [5672, 15_672].map((standard) =>
    portAmong(
      standard,
      server,
      rabbitmqServers({ rabbitmq }).map((one) => ({ server: one })),
    ),
  ) as [number, number];
  // Where all run is said once; an address is of one of them.
  const shared = typeof target.rabbitmq === 'string' ? target.rabbitmq : undefined;
  return {
    ...rabbitmqServer(server),
    placed: server === undefined ? target.rabbitmq : (target.rabbitmqServers?.[server] ?? shared),
    address: {
      variable: [variable, 'URL'],
      form: 'amqp://user:password@host:5672/vhost',
      written: (url, further) => ({ url, ssl: writtenTls(further) }),
      endpoint: (address, context) => endpointAt(address, context, `EVPIPE_${variable}_${MANAGEMENT}`),
      text: ({ url }) => url,
      further: ({ managementUrl }) => ({ [MANAGEMENT]: managementUrl }),
      credentials: ({ ssl }) => furtherTls(ssl),
      referred: ({ ssl }) => referredTls(ssl),
    },
    embedded: {
      process: oneOf('rabbitmq', server),
      port: amqpPort,
      layer: 0,
      protocol: 'amqp',
      stopTimeoutMs: 10_000,
      launch: ({ dataDir, secrets }) => embeddedProgram('amqp', { dataDir, ...loginOf(rabbitmq, secrets) }),
      // One port for both: its first bytes tell AMQP from HTTP.
      endpoint: (port, secrets) => {
        const at = `${login(rabbitmq, secrets)}@${HOST}:${port}`;
        return { url: `amqp://${at}`, managementUrl: `http://${at}` };
      },
    },
    compose: {
      container: oneOf('rabbitmq', server),
      source: { fragment: 'rabbitmq' },
      ports: {
        RABBITMQ_PORT: { preferred: amqpPort, inside: 5672 },
        RABBITMQ_MANAGEMENT_PORT: { preferred: httpPort, inside: 15_672 },
      },
      endpoint: (published, secrets) => {
        const amqp = eachFace(
          published('RABBITMQ_PORT'),
          ({ host, port }) => `amqp://${login(rabbitmq, secrets)}@${host}:${port}`,
        );
        const http = eachFace(
          published('RABBITMQ_MANAGEMENT_PORT'),
          ({ host, port }) => `http://${login(rabbitmq, secrets)}@${host}:${port}`,
        );
        return {
          host: { url: amqp.host, managementUrl: http.host },
          inside: { url: amqp.inside, managementUrl: http.inside },
        };
      },
      files: (secrets) => {
        const { user, password } = loginOf(rabbitmq, secrets);
        // The server would let guest in from its own container only.
        const guests = user === 'guest' ? 'loopback_users = none\n' : '';
        return { 'rabbitmq.conf': `default_user = ${user}\ndefault_pass = ${password}\n${guests}` };
      },
    },
  };
}

function login(declared: Pipeline['rabbitmq'], secrets: PipelineSecrets): string {
  const { user, password } = loginOf(declared, secrets);
  return `${user}:${password}`;
}

/** Generated, or the one that every client knows where the file asks for it. */
export function loginOf(
  declared: Pick<NonNullable<Pipeline['rabbitmq']>, 'guest'> | undefined,
  secrets: PipelineSecrets,
): { readonly user: string; readonly password: string } {
  if (declared?.guest === true) return { user: 'guest', password: 'guest' };
  return { user: 'evpipe', password: secrets.derived('rabbitmq') };
}

const MANAGEMENT_PORTS_ABOVE = 10_000;

function endpointAt(
  address: RabbitmqAddress,
  { env, folder }: AddressContext,
  managementVariable: string,
): RabbitmqEndpoint | undefined {
  const { url, ssl } = address;
  const declared = address.management ?? (env[managementVariable] || undefined);
  if (!/^amqps?:/.test(url) || !URL.canParse(url)) return undefined;
  if (declared !== undefined && !URL.canParse(declared)) return undefined;
  const { protocol, username, password, hostname, port } = new URL(url);
  const secure = protocol === 'amqps:';
  const management = new URL(declared ?? `${secure ? 'https' : 'http'}://${hostname}`);
  if (declared === undefined)
    management.port = String((Number(port) || (secure ? 5671 : 5672)) + MANAGEMENT_PORTS_ABOVE);
  if (management.username === '') {
    management.username = username === '' ? 'guest' : username;
    management.password = username === '' ? 'guest' : password;
  }
  return {
    url: withoutSlash(url),
    managementUrl: withoutSlash(management.href),
    ...(ssl !== undefined && { ssl: absoluteTls(ssl, folder) }),
  };
}
