import { withSslParameters } from '../../support/postgres-tls.js';
import {
  type AddressForm,
  type Component,
  type ComponentId,
  type ComposeForm,
  type EmbeddedForm,
  eachFace,
  HOST,
  inVariable,
} from '../../targets/component.js';
import { embeddedProgram } from '../../targets/embedded-program.js';
import type { PipelineSecrets } from '../../targets/secrets.js';
import { ownPostgres, type PostgresServers, postgresProcess } from '../database/component.js';
import { withoutSlash } from '../http-component.js';
import { oneOf, portAmong } from '../several-servers.js';
import { cacheProgram, NO_CACHE_PROGRAM, storeMissing } from './programs.js';
import type { StoreSection } from './section.js';

declare module '../../targets/component.js' {
  interface ComponentKinds {
    readonly stores: { readonly endpoint: StoreEndpoint; readonly launch: undefined; readonly address: UrlAddress };
  }
}

/**
 * The scheme tells what a store is: postgres: JSON documents in a PostgreSQL database of their own, mongodb: MongoDB,
 * redis: a Redis. It has no trailing slash.
 */
export interface StoreEndpoint {
  readonly url: string;
  /** True where the server was started by evpipe: a database for the documents may be created freely. */
  readonly ours: boolean;
}

export const store = (name: string): ComponentId<'stores'> => ({ kind: 'stores', name });

type Declared = Pick<StoreSection, 'name' | 'kind' | 'optional'> & Partial<Pick<StoreSection, 'server'>>;

export function storeComponent(
  declared: Declared,
  pipeline: PostgresServers & { readonly stores: readonly Declared[] },
): Component<'stores'> {
  const { name, kind, optional } = declared;
  const { target, stores } = pipeline;
  return {
    ...store(name),
    placed: target.stores?.[name],
    ...(optional && { absent: storeMissing }),
    address: addressOf(name, FORMS[kind]),
    ...(kind === 'documents'
      ? { embedded: documentsInPostgres(declared, pipeline), compose: documentsInMongo(declared, stores) }
      : caches(declared, stores)),
  };
}

// ── at an address ───────────────────────────────────────────────────────────────────────────────────────────

/** Schemes of addresses; a list of MongoDB servers is no URL to the standard. */
const FORMS = {
  documents: {
    pattern: /^(mongodb(\+srv)?|postgres(ql)?):/,
    several: /^mongodb:\/\/[^/]+,[^/]+/,
    form: 'mongodb://user:password@host:27017/database',
  },
  cache: { pattern: /^rediss?:/, several: undefined, form: 'redis://:password@host:6379/0' },
} as const;

function addressOf(
  name: string,
  { pattern, several, form }: (typeof FORMS)[keyof typeof FORMS],
): AddressForm<'stores'> {
  return {
    variable: [`STORE_${inVariable(name)}`, 'URL'],
    form,
    written: (url) => ({ url }),
    endpoint: ({ url }, { folder }) => {
      const isUrl = URL.canParse(url) || several?.test(url) === true;
      if (!isUrl || !pattern.test(url)) return undefined;
      const whole = /^postgres/.test(url) ? withSslParameters(url, {}, folder) : url;
      return { url: withoutSlash(whole), ours: false };
    },
    text: ({ url }) => url,
  };
}

// ── documents ───────────────────────────────────────────────────────────────────────────────────────────────

/** No declared database can be called so: their names begin with a letter or digit. */
const documentsDatabase = (name: string): string => `_store_${name}`;

const documentsInPostgres = ({ name, server }: Declared, pipeline: PostgresServers): EmbeddedForm<'stores'> => ({
  ...postgresProcess(server, pipeline),
  endpoint: (port, secrets) => ({
    url: ownPostgres({ host: HOST, port: port ?? 0 }, documentsDatabase(name), secrets).url,
    ours: true,
  }),
});

const documentsInMongo = ({ name, server }: Declared, stores: readonly Declared[]): ComposeForm<'stores'> => ({
  container: oneOf('mongo', server),
  source: { fragment: 'mongo' },
  ports: { MONGO_PORT: { preferred: portAmong(27_017, server, ofKind('documents', stores)), inside: 27_017 } },
  endpoint: (published, secrets) =>
    eachFace(published('MONGO_PORT'), ({ host, port }) => ({
      url: `mongodb://evpipe:${secrets.derived('mongo')}@${host}:${port}/${encodeURIComponent(name)}?authSource=admin`,
      ours: true,
    })),
  files: (secrets) => ({ 'mongo-password': secrets.derived('mongo') }),
});

// ── caches: each has a database number in its server ─────────────────────────────────────────────────────────

const ofKind = (kind: Declared['kind'], stores: readonly Declared[]): readonly Declared[] =>
  stores.filter((one) => one.kind === kind);

const redisUrl = (host: string, port: number | undefined, password: string, number: number): string =>
  `redis://:${password}@${host}:${port}/${number}`;

/** As a process and as a container. */
function caches(
  { name, server }: Declared,
  stores: readonly Declared[],
): { readonly embedded: EmbeddedForm<'stores'>; readonly compose: ComposeForm<'stores'> } {
  const all = ofKind('cache', stores);
  const beside = all.filter((one) => one.server === server).map((one) => one.name);
  const process = oneOf('redis', server);
  const preferred = portAmong(6379, server, all);
  const endpoint = (host: string, port: number | undefined, secrets: PipelineSecrets): StoreEndpoint => ({
    url: redisUrl(host, port, secrets.derived(process), beside.indexOf(name)),
    ours: true,
  });
  return {
    embedded: {
      ...{ process, port: preferred, layer: 0, protocol: 'redis', stopTimeoutMs: 5_000 },
      missing: ({ PATH }) => (cacheProgram(PATH) === undefined ? NO_CACHE_PROGRAM : undefined),
      launch: ({ dataDir, env, secrets }) => {
        const program = cacheProgram(env.PATH);
        if (program === undefined) throw storeMissing(NO_CACHE_PROGRAM);
        const options = { dataDir, program, password: secrets.derived(process), databases: beside.length };
        return embeddedProgram('redis', options, { kind: 'prepared' });
      },
      endpoint: (port, secrets) => endpoint(HOST, port, secrets),
    },
    compose: {
      container: process,
      source: { fragment: 'redis' },
      ports: { REDIS_PORT: { preferred, inside: 6379 } },
      endpoint: (published, secrets) =>
        eachFace(published('REDIS_PORT'), ({ host, port }) => endpoint(host, port, secrets)),
      files: (secrets) => {
        const lines = [
          `requirepass ${secrets.derived(process)}`,
          `databases ${beside.length}`,
          'appendonly yes',
          'dir /data',
        ];
        return { 'redis.conf': `${lines.join('\n')}\n` };
      },
    },
  };
}
