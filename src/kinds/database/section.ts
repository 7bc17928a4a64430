import * as z from 'zod';
import { section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { mapping, name, named, text, texts } from '../../pipeline/spec-words.js';
import type { SslParameters } from '../../support/postgres-tls.js';
import type { Placed } from '../../targets/component.js';

/** As the file has it: libpq's TLS parameters stand in the URL, or beside it. */
export interface DatabaseAddress extends SslParameters {
  readonly url: string;
}

export interface DatabaseSection extends Located {
  /** Which of several PostgreSQL servers holds it; undefined: the one of all databases that name none. */
  readonly server: string | undefined;
  /** What it is called there. */
  readonly database: string;
  /** Logins that applications have fixed: role to password. */
  readonly roles: Readonly<Record<string, string>>;
  readonly extensions: readonly string[];
  /** Absolute paths of its migration files, in order. */
  readonly migrations: readonly string[];
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly databases: readonly DatabaseSection[];
  }

  interface TargetSection {
    /** What runs the servers of all databases that have no address of their own. */
    readonly postgres?: 'embedded' | 'compose' | undefined;
    readonly databases?: Readonly<Record<string, Placed<DatabaseAddress>>> | undefined;
  }
}

const database = mapping({
  server: name
    .optional()
    .describe('Which of several PostgreSQL servers holds it: databases that name the same one share it')
    .meta({ examples: ['legacy'] }),
  name: text.optional().describe('What it is called on a server that evpipe starts; default: its name here'),
  roles: z
    .record(text, text)
    .optional()
    .describe('Logins that an application has fixed, role to password, made on servers that evpipe starts'),
  extensions: texts.optional().describe('PostgreSQL extensions, created before the migrations: citext, pg_trgm'),
  migrations: text
    .optional()
    .describe('Folder of .sql files, applied once each in order of their names, checksummed')
    .meta({ examples: ['sql/person'] }),
}).nullable();

export const databases = section(
  'databases',
  named(database).default({}).describe('PostgreSQL databases; the target decides on the server'),
  (declared, { each, sqlFiles }) => ({
    databases: each('databases', declared, (one, at) => ({
      ...at,
      server: one?.server,
      database: one?.name ?? at.name,
      roles: one?.roles ?? {},
      extensions: one?.extensions ?? [],
      migrations: one?.migrations === undefined ? [] : sqlFiles(one.migrations, at.locationOf('migrations')),
    })),
  }),
);
