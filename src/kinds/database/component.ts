import type { Pipeline } from '../../pipeline/pipeline.js';
import { sslModeOf, sslParametersOf, withSslParameters } from '../../support/postgres-tls.js';
import {
  type AddressContext,
  type Component,
  type ComponentId,
  eachFace,
  HOST,
  inVariable,
} from '../../targets/component.js';
import { embeddedProgram } from '../../targets/embedded-program.js';
import type { PipelineSecrets } from '../../targets/secrets.js';
import { oneOf, portAmong } from '../several-servers.js';
import type { DatabaseAddress, DatabaseSection } from './section.js';

declare module '../../targets/component.js' {
  interface ComponentKinds {
    /** One for each database, though a server of evpipe's own holds several. */
    readonly postgres: {
      readonly endpoint: PostgresEndpoint;
      readonly launch: undefined;
      readonly address: DatabaseAddress;
    };
  }
}

export interface PostgresEndpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The database of this component; it need not exist yet. `postgres` is there for maintenance on servers of our own. */
  readonly database: string;
  /** postgres://user:password@host:port/database, userinfo encoded; with libpq's TLS parameters, files by absolute paths. */
  readonly url: string;
  /** True where the server was started by evpipe: databases may be created and dropped freely, and the user is the superuser. */
  readonly ours: boolean;
}

export const database = (name: string): ComponentId<'postgres'> => ({ kind: 'postgres', name });

type Declared = Pick<DatabaseSection, 'name'> & Partial<Pick<DatabaseSection, 'server' | 'database'>>;

/** What of a pipeline says which PostgreSQL servers it has. */
export type PostgresServers = Pick<Pipeline, 'target'> & {
  readonly databases?: readonly Declared[];
  readonly stores?: ReadonlyArray<{ readonly kind: string; readonly server?: string | undefined }>;
};

export function databaseComponent(
  { name, server, database: called = name }: Declared,
  pipeline: PostgresServers,
): Component<'postgres'> {
  const { target } = pipeline;
  return {
    ...database(name),
    placed: target.databases?.[name] ?? target.postgres,
    address: {
      variable: [`DATABASE_${inVariable(name)}`, 'URL'],
      form: 'postgres://user:password@host:5432/database',
      written: (url) => ({ url }),
      endpoint: endpointAt,
      text: ({ url }) => url,
      referred,
      shown: ({ host, port, database: shown }) => `${host}:${port}/${shown}`,
    },
    embedded: {
      ...postgresProcess(server, pipeline),
      endpoint: (port, secrets) => ownPostgres({ host: HOST, port: port ?? 0 }, called, secrets),
    },
    compose: {
      container: oneOf('postgres', server),
      source: { fragment: 'postgres' },
      ports: { POSTGRES_PORT: { preferred: postgresPort(server, pipeline), inside: 5432 } },
      endpoint: (published, secrets) => eachFace(published('POSTGRES_PORT'), (at) => ownPostgres(at, called, secrets)),
      files: (secrets) => ({ 'postgres-password': secrets.postgresPassword() }),
    },
  };
}

/** A port for each server, from the standard one on, in the order in which the file names them. */
function postgresPort(server: string | undefined, { databases = [], stores = [] }: PostgresServers): number {
  const documents = stores.filter(({ kind }) => kind === 'documents');
  return portAmong(5432, server, [...databases, ...documents]);
}

/** A PostgreSQL of evpipe's own, as every component that it holds starts it. */
export const postgresProcess = (server: string | undefined, pipeline: PostgresServers) => ({
  process: oneOf('postgres', server),
  port: postgresPort(server, pipeline),
  layer: 0,
  protocol: 'postgres' as const,
  stopTimeoutMs: 10_000,
  launch: ({ dataDir, secrets }: { readonly dataDir: string; readonly secrets: PipelineSecrets }) =>
    embeddedProgram('postgres', { dataDir, password: secrets.postgresPassword() }, { kind: 'prepared' }),
});

/** A database in it. */
export function ownPostgres(
  { host, port }: { readonly host: string; readonly port: number },
  name: string,
  secrets: PipelineSecrets,
): PostgresEndpoint {
  const password = secrets.postgresPassword();
  const url = `postgres://postgres:${password}@${host}:${port}/${encodeURIComponent(name)}`;
  return { host, port, user: 'postgres', password, database: name, url, ours: true };
}

function endpointAt({ url, ...beside }: DatabaseAddress, { folder }: AddressContext): PostgresEndpoint | undefined {
  if (!URL.canParse(url)) return undefined;
  const whole = withSslParameters(url, beside, folder);
  const { protocol, hostname, port, username, password, pathname } = new URL(whole);
  const name = decodeURIComponent(pathname.slice(1));
  if (!/^postgres(ql)?:$/.test(protocol) || name === '') return undefined;
  sslModeOf(sslParametersOf(whole));
  return {
    host: hostname,
    port: Number(port) || 5432,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: name,
    url: whole,
    ours: false,
  };
}

/** The fields of `$(databases.X.…)` for clients that take no postgres URL; an empty text where the address has none. */
function referred({ host, port, database: name, url }: PostgresEndpoint) {
  const { sslmode = '', sslrootcert = '', sslcert = '', sslkey = '' } = sslParametersOf(url);
  const tls = Object.entries(sslParametersOf(url)).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const query = tls.length === 0 ? '' : `?${tls.join('&')}`;
  const jdbcUrl = `jdbc:postgresql://${host}:${port}/${encodeURIComponent(name)}${query}`;
  return { sslmode, sslrootcert, sslcert, sslkey, jdbcUrl };
}
