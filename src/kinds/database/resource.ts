import { createHash } from 'node:crypto';
import { connectPostgres, type PostgresClient } from '../../clients/postgres/client.js';
import { quoteIdentifier } from '../../protocol/sql.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import type { ResourceKind } from '../resource.js';

/** One SQL file of a database's migrations folder, in order of its name. */
export interface Migration {
  readonly name: string;
  /** As messages name it. */
  readonly file: string;
  /** With its references resolved. */
  readonly sql: string;
  /** As it stands in the file, references unresolved: what the checksum is taken of. */
  readonly source: string;
}

export interface DatabaseSpec {
  readonly name: string;
  /** With userinfo: the database itself, which need not exist yet. */
  readonly url: string;
  /** The same server's maintenance database; absent where evpipe may not create databases. */
  readonly maintenanceUrl: string | undefined;
  readonly migrations: readonly Migration[];
  readonly location?: SourceLocation | undefined;
}

export interface LiveDatabase {
  /** Checksum of each applied migration by name. */
  readonly applied: ReadonlyMap<string, string>;
}

export interface DatabaseContext {
  readonly signal: AbortSignal;
}

export const checksumOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export const databaseResource: ResourceKind<DatabaseSpec, LiveDatabase, DatabaseContext> = {
  kind: 'database',
  name: (spec) => spec.name,
  location: (spec) => spec.location,

  async read(spec, { signal }) {
    const client = await connectIfThere(spec, signal);
    if (client === undefined) return undefined;
    try {
      return { applied: await readApplied(client) };
    } finally {
      await client.close();
    }
  },

  diff(spec, live) {
    const created = live === undefined ? [{ summary: 'new' }] : [];
    return [
      ...created,
      ...spec.migrations.flatMap((migration) => {
        const applied = live?.applied.get(migration.name);
        if (applied === undefined) return [{ summary: `migration ${migration.name}` }];
        if (applied === checksumOf(migration.source)) return [];
        return [
          {
            summary: `migration ${migration.name} was changed after it was applied`,
            refused: {
              why: `${migration.file} no longer is what the database has run`,
              todo: 'Restore the file, and put what is new into a new migration.',
            },
          },
        ];
      }),
    ];
  },

  async apply(spec, live, { signal }) {
    if (live === undefined) await createDatabase(spec, signal);
    if (spec.migrations.length === 0) return;
    const client = await connectPostgres({ url: spec.url, signal });
    try {
      await client.withAdvisoryLock('evpipe.migration', () => migrate(client, spec.migrations));
    } finally {
      await client.close();
    }
  },
};

/** Undefined where the server answers that the database does not exist (3D000). */
async function connectIfThere(spec: DatabaseSpec, signal: AbortSignal): Promise<PostgresClient | undefined> {
  try {
    return await connectPostgres({ url: spec.url, signal });
  } catch (failure) {
    if (failure instanceof EvpipeError && failure.code === 'EVPIPE_POSTGRES_3D000') {
      if (spec.maintenanceUrl !== undefined) return undefined;
      throw new EvpipeError('EVPIPE_DATABASE_MISSING', `database ${spec.name}: ${failure.message}`, {
        cause: failure,
        todo: 'evpipe does not create databases on servers that it has not started: create it, or correct the address.',
        ...(spec.location === undefined ? {} : { location: spec.location }),
      });
    }
    throw failure;
  }
}

async function createDatabase(spec: DatabaseSpec, signal: AbortSignal): Promise<void> {
  if (spec.maintenanceUrl === undefined) return;
  const client = await connectPostgres({ url: spec.maintenanceUrl, signal });
  try {
    // Two CREATE DATABASE at once would wait for each other's copy of template1 and may fail: one after the other.
    await client.withAdvisoryLock('evpipe.database', async () => {
      const name = decodeURIComponent(new URL(spec.url).pathname.slice(1));
      const there = await client.queryText('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
      if (there.length === 0) await client.execute(`CREATE DATABASE ${quoteIdentifier(name)}`);
    });
  } finally {
    await client.close();
  }
}

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
