import type { Pipeline } from '../../pipeline/pipeline.js';
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
import { ownPostgres, POSTGRES_PROCESS } from '../database/component.js';
import { withoutSlash } from '../http-component.js';
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

type Declared = Pick<StoreSection, 'name' | 'kind' | 'optional'>;

export function storeComponent(
  { name, kind, optional }: Declared,
  { target, stores }: { readonly target: Pipeline['target']; readonly stores: readonly Declared[] },
): Component<'stores'> {
  const caches = stores.filter((one) => one.kind === 'cache').map((one) => one.name);
  return {
    ...store(name),
    placed: target.stores?.[name],
    ...(optional && { absent: storeMissing }),
    address: addressOf(name, FORMS[kind]),
    ...(kind === 'documents'
      ? { embedded: documentsInPostgres(name), compose: documentsInMongo(name) }
      : { embedded: cacheOnHost(name, caches), compose: cacheInRedis(name, caches) }),
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

const documentsInPostgres = (name: string): EmbeddedForm<'stores'> => ({
  ...POSTGRES_PROCESS,
  endpoint: (port, secrets) => ({
    url: ownPostgres({ host: HOST, port: port ?? 0 }, documentsDatabase(name), secrets).url,
    ours: true,
  }),
});

const documentsInMongo = (name: string): ComposeForm<'stores'> => ({
  container: 'mongo',
  source: { fragment: 'mongo' },
  ports: { MONGO_PORT: { preferred: 27_017, inside: 27_017 } },
  endpoint: (published, secrets) =>
    eachFace(published('MONGO_PORT'), ({ host, port }) => ({
      url: `mongodb://evpipe:${secrets.derived('mongo')}@${host}:${port}/${encodeURIComponent(name)}?authSource=admin`,
      ours: true,
    })),
  files: (secrets) => ({ 'mongo-password': secrets.derived('mongo') }),
});

// ── caches: one server, in which each has a database number ─────────────────────────────────────────────────

const redisUrl = (host: string, port: number | undefined, password: string, number: number): string =>
  `redis://:${password}@${host}:${port}/${number}`;

const cacheOnHost = (name: string, caches: readonly string[]): EmbeddedForm<'stores'> => ({
  process: 'redis',
  port: 6379,
  layer: 0,
  protocol: 'redis',
  stopTimeoutMs: 5_000,
  missing: ({ PATH }) => (cacheProgram(PATH) === undefined ? NO_CACHE_PROGRAM : undefined),
  launch: ({ dataDir, env, secrets }) => {
    const program = cacheProgram(env.PATH);
    if (program === undefined) throw storeMissing(NO_CACHE_PROGRAM);
    const password = secrets.derived('redis');
    return embeddedProgram('redis', { dataDir, program, password, databases: caches.length }, 'prepared');
  },
  endpoint: (port, secrets) => ({
    url: redisUrl(HOST, port, secrets.derived('redis'), caches.indexOf(name)),
    ours: true,
  }),
});

const cacheInRedis = (name: string, caches: readonly string[]): ComposeForm<'stores'> => ({
  container: 'redis',
  source: { fragment: 'redis' },
  ports: { REDIS_PORT: { preferred: 6379, inside: 6379 } },
  endpoint: (published, secrets) =>
    eachFace(published('REDIS_PORT'), ({ host, port }) => ({
      url: redisUrl(host, port, secrets.derived('redis'), caches.indexOf(name)),
      ours: true,
    })),
  files: (secrets) => {
    const lines = [
      `requirepass ${secrets.derived('redis')}`,
      `databases ${caches.length}`,
      'appendonly yes',
      'dir /data',
    ];
    return { 'redis.conf': `${lines.join('\n')}\n` };
  },
});
