import { createHash } from 'node:crypto';
import { connectPostgres, type PostgresClient } from '../../clients/postgres/client.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { quoteIdentifier } from '../../protocol/sql.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import type { Liveness } from '../../support/liveness.js';
import type { Change, Refusal, ResourceKind } from '../resource.js';

/** One SQL file of a database's migrations folder, in order of its name. */
export interface Migration {
  readonly name: string;
  /** As messages name it. */
  readonly file: string;
  /** With its references resolved. */
  readonly sql: string;
  /** As written in the file, references unresolved: what the checksum is taken of. */
  readonly source: string;
}

export interface DatabaseSpec {
  readonly name: string;
  /** With userinfo: of its owner on a server of evpipe's own, else what was given. */
  readonly url: string;
  /** evpipe has started its server, and makes the database there. */
  readonly ours: boolean;
  /** Created before the migrations. */
  readonly extensions?: readonly string[];
  readonly migrations: readonly Migration[];
  readonly location?: SourceLocation | undefined;
}

export interface LiveDatabase {
  readonly extensions: readonly string[];
  /** Checksum of each applied migration by name. */
  readonly applied: ReadonlyMap<string, string>;
}

export interface DatabaseContext {
  /** Who may create extensions: the superuser of a server of evpipe's own, else who was given. */
  readonly administrator: string;
  readonly signal: AbortSignal;
  readonly liveness?: Liveness | undefined;
}

export const checksumOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export const databaseResource: ResourceKind<DatabaseSpec, LiveDatabase, DatabaseContext> = {
  kind: 'database',
  name: (spec) => spec.name,
  location: (spec) => spec.location,

  async read(spec, context) {
    const client = await connect(spec, context);
    if (client === undefined) return undefined;
    try {
      const extensions = (await client.queryText('SELECT extname FROM pg_extension')).flatMap(([name]) => name ?? []);
      // A user that migrates nothing need not see the schema where that is noted.
      return { extensions, applied: spec.migrations.length === 0 ? new Map() : await readApplied(client) };
    } finally {
      await client.close();
    }
  },

  diff(spec, live) {
    const created: readonly Change[] = live === undefined ? [{ summary: 'new' }] : [];
    const migrations = spec.migrations.flatMap((migration): readonly Change[] => {
      const applied = live?.applied.get(migration.name);
      if (applied === undefined) return [{ summary: `migration ${migration.name}`, irreversible: true }];
      if (applied === checksumOf(migration.source)) return [];
      return [
        {
          summary: `migration ${migration.name} was changed after it was applied`,
          refused: {
            why: `${migration.file} is no longer what the database has run`,
            todo: 'Restore the file and put the changes into a new migration.',
          },
        },
      ];
    });
    return [
      ...created,
      ...missingExtensions(spec, live).map((name) => ({ summary: `extension ${name}` })),
      ...migrations,
    ];
  },

  async objections(spec, live, { signal, liveness }) {
    const missing = missingExtensions(spec, live);
    if (live === undefined || missing.length === 0) return [];
    const client = await connectPostgres({ url: spec.url, signal, liveness });
    try {
      const rows = await client.queryText('SELECT name FROM pg_available_extensions ORDER BY 1');
      const available = rows.flatMap(([name]) => name ?? []);
      return missing
        .filter((name) => !available.includes(name))
        .map((name) => ({ summary: `extension ${name}`, refused: notInstalled(name, available, spec) }));
    } finally {
      await client.close();
    }
  },

  async apply(spec, live, context) {
    const { signal, liveness } = context;
    const extensions = missingExtensions(spec, live);
    if (extensions.length > 0) await createExtensions(extensions, context);
    const client = await connectPostgres({ url: spec.url, signal, liveness });
    try {
      await client.withAdvisoryLock('evpipe.migration', () => migrate(client, spec.migrations));
    } finally {
      await client.close();
    }
  },
};

const missingExtensions = ({ extensions = [] }: DatabaseSpec, live: LiveDatabase | undefined): readonly string[] =>
  extensions.filter((name) => live?.extensions.includes(name) !== true);

const notInstalled = (name: string, available: readonly string[], { ours }: DatabaseSpec): Refusal => ({
  why: `its PostgreSQL has no extension ${name}${didYouMean(name, available)}`,
  todo: ours
    ? `The PostgreSQL that evpipe starts has: ${available.join(', ')}. For any other give the database an address under targets.`
    : 'Install its package on the server, or take it out of the file.',
});

async function createExtensions(
  names: readonly string[],
  { administrator: url, signal, liveness }: DatabaseContext,
): Promise<void> {
  const client = await connectPostgres({ url, signal, liveness });
  try {
    // Nothing that the database's owner has made may stand in for what the extension's script calls.
    await client.execute('SET search_path = public, pg_catalog');
    for (const name of names) await client.execute(`CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)} CASCADE`);
  } finally {
    await client.close();
  }
}

/**
 * Undefined where evpipe has yet to make the database or, for one of an older evpipe, its owner's login. Throws
 * EVPIPE_DATABASE_MISSING where another server answers that the database does not exist.
 */
async function connect(spec: DatabaseSpec, { signal, liveness }: DatabaseContext): Promise<PostgresClient | undefined> {
  try {
    return await connectPostgres({ url: spec.url, signal, liveness });
  } catch (failure) {
    if (!(failure instanceof EvpipeError)) throw failure;
    if (spec.ours && NOT_MADE.includes(failure.code)) return undefined;
    if (failure.code === 'EVPIPE_POSTGRES_3D000') {
      throw new EvpipeError('EVPIPE_DATABASE_MISSING', `database ${spec.name}: ${failure.message}`, {
        cause: failure,
        todo: 'evpipe does not create databases on servers that it did not start: create it, or correct the address.',
        ...(spec.location === undefined ? {} : { location: spec.location }),
      });
    }
    throw failure;
  }
}

/** invalid_catalog_name, invalid_authorization_specification, invalid_password. */
const NOT_MADE: readonly string[] = ['EVPIPE_POSTGRES_3D000', 'EVPIPE_POSTGRES_28000', 'EVPIPE_POSTGRES_28P01'];

async function readApplied(client: PostgresClient): Promise<ReadonlyMap<string, string>> {
  const [table] = await client.queryText("SELECT to_regclass('evpipe.migration')::text");
  if (table?.[0] == null) return new Map();
  const rows = await client.queryText('SELECT name, checksum FROM evpipe.migration');
  return new Map(rows.map(([name, checksum]) => [name ?? '', checksum ?? '']));
}

/** Each migration and its note in one transaction: a crash leaves it either done and noted, or not begun. */
async function migrate(client: PostgresClient, migrations: readonly Migration[]): Promise<void> {
  await client.execute(
    `CREATE SCHEMA IF NOT EXISTS evpipe;
     CREATE TABLE IF NOT EXISTS evpipe.migration
       (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  const applied = await readApplied(client);
  for (const migration of migrations) {
    if (applied.has(migration.name)) continue;
    await client.transaction(async () => {
      await client.execute(migration.sql, { file: migration.file });
      await client.query('INSERT INTO evpipe.migration (name, checksum) VALUES ($1, $2)', [
        migration.name,
        checksumOf(migration.source),
      ]);
    });
  }
}
