import { createReadStream } from 'node:fs';
import { connectPostgres, type PostgresClient } from '../../clients/postgres/client.js';
import { quoteIdentifier } from '../../protocol/sql.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import type { Liveness } from '../../support/liveness.js';
import { checksumOf, type Migration } from '../database/resource.js';

/** Where a seed goes that has its data in a file. */
export interface DatabaseSeed {
  readonly name: string;
  readonly url: string;
  readonly location: SourceLocation;
  /** What its file holds, for its checksum: a changed file is imported anew. */
  readonly source: string;
  readonly signal: AbortSignal;
  readonly liveness?: Liveness | undefined;
}

/** Runs the file. Answers false where it has run already, as it is now. */
export function applySqlSeed(seed: DatabaseSeed, script: Migration): Promise<boolean> {
  return once(seed, (client) => client.execute(script.sql, { file: script.file }));
}

export interface CsvSeed extends DatabaseSeed {
  /** Absolute. */
  readonly file: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/** Copies the file's rows into the table. Answers false where they are there already. Throws EVPIPE_SEED_COLUMN_UNKNOWN. */
export function applyCsvSeed(seed: CsvSeed): Promise<boolean> {
  const { table, columns, file, signal } = seed;
  const into = table.split('.').map(quoteIdentifier).join('.');
  return once(seed, async (client) => {
    await requireColumns(seed, into, client);
    const list = columns.map(quoteIdentifier).join(', ');
    const copy = `COPY ${into} (${list}) FROM STDIN WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')`;
    await client.copyIn(copy, createReadStream(file, { signal }));
  });
}

async function requireColumns({ name, columns, table, location }: CsvSeed, into: string, client: PostgresClient) {
  const rows = await client.queryText(
    'SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
    [into],
  );
  const known = rows.map(([column]) => column ?? '');
  const fail = (message: string, todo: string): never => {
    throw new EvpipeError('EVPIPE_SEED_COLUMN_UNKNOWN', `seed ${name}: ${message}`, { location, todo });
  };
  if (known.length === 0) fail(`there is no table ${table}`, 'Create it in a migration of the database.');
  const unknown = columns.filter((column) => !known.includes(column));
  if (unknown.length > 0)
    fail(
      `the file's header has ${unknown.join(', ')}, which table ${table} does not have; it has ${known.join(', ')}`,
      'Correct the header line.',
    );
}

/** Whether the file has run, or was imported, as it is now. */
export async function seedFileIsDone({
  name,
  url,
  source,
  signal,
  liveness,
}: Omit<DatabaseSeed, 'location'>): Promise<boolean> {
  const client = await connectPostgres({ url, signal, liveness });
  try {
    const [table] = await client.queryText("SELECT to_regclass('evpipe.seed')");
    if (table?.[0] == null) return false;
    const [noted] = await client.queryText('SELECT checksum FROM evpipe.seed WHERE name = $1', [name]);
    return noted?.[0] === checksumOf(source);
  } finally {
    await client.close();
  }
}

/** The work and its note in one transaction: killed at any point, it is done and noted, or not begun. */
async function once(seed: DatabaseSeed, work: (client: PostgresClient) => Promise<void>): Promise<boolean> {
  const { name, url, source, signal, liveness } = seed;
  const checksum = checksumOf(source);
  const client = await connectPostgres({ url, signal, liveness });
  try {
    return await client.withAdvisoryLock('evpipe.seed', async () => {
      await client.execute(
        `CREATE SCHEMA IF NOT EXISTS evpipe;
         CREATE TABLE IF NOT EXISTS evpipe.seed
           (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
      );
      const [noted] = await client.queryText('SELECT checksum FROM evpipe.seed WHERE name = $1', [name]);
      if (noted?.[0] === checksum) return false;
      await client.transaction(async () => {
        await work(client);
        await client.query(
          `INSERT INTO evpipe.seed (name, checksum) VALUES ($1, $2)
           ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()`,
          [name, checksum],
        );
      });
      return true;
    });
  } finally {
    await client.close();
  }
}
