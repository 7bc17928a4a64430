import { existsSync } from 'node:fs';
import { connectPostgres, type PostgresClient, placeOf } from '../../clients/postgres/client.js';
import { statementStarts } from '../../clients/postgres/statement-starts.js';
import { parseReference, referenceForm, referencesIn } from '../../pipeline/references.js';
import { EvpipeError } from '../../support/errors.js';
import { roleName } from '../../targets/roles.js';
import { type ScratchPostgres, startScratchPostgres } from '../../targets/scratch-postgres.js';
import type { Change } from '../resource.js';
import type { Session } from '../session.js';
import type { ForeseeOptions } from '../walk.js';
import { administratorClient, databaseClientAs } from './client.js';
import { database } from './component.js';
import { loginsOf } from './logins.js';
import { migrationOf } from './migration.js';
import { type DatabaseSpec, databaseResource, type LiveDatabase, type Migration } from './resource.js';
import type { DatabaseSection } from './section.js';
import { ensureOwnDatabase } from './server.js';

/** The first migration that did not just run through, and why. Those after it were not tried. */
type Outcome = { readonly migration: Migration } & Pick<Change, 'refused' | 'implies'>;

/** A table that is in use is not waited for longer, and none is kept from others for long. */
const LOCK_TIMEOUT = '2s';
const STATEMENT_TIMEOUT = '10s';

/**
 * The changes with what PostgreSQL says against the migrations among them; where the database does not run, only what it would
 * say. They are tried in a throw-away server, on top of those before them. Of a database with an address that is done there
 * itself, in a transaction that is rolled back, and only where it is asked for.
 */
export async function tryMigrations(
  session: Session,
  section: DatabaseSection,
  changes: readonly Change[] | 'not running',
  { onServers }: ForeseeOptions,
): Promise<readonly Change[]> {
  const listed = changes === 'not running' ? [] : changes;
  const isAddress = session.target.providerOf(database(section.name)) === 'address';
  if (section.migrations.length === 0 || (isAddress && !onServers)) return listed;
  const values = await session.references('host', 'owner');
  const migrations = section.migrations.map((file) => migrationOf(session.pipeline, file, values));
  const live = changes === 'not running' ? undefined : await readLive(session, section, migrations);
  const pending = migrations.filter(({ name }) => live?.applied.has(name) !== true);
  // From the first on that refers to what is not known before it runs, the text is not yet what PostgreSQL will get.
  const unknown = pending.findIndex(({ sql }) => isUnresolved(sql, session));
  const tried = unknown < 0 ? pending : pending.slice(0, unknown);
  if (tried.length === 0) return listed;
  if (isAddress) return withOutcome(listed, await tryInTransaction(session, section, tried));
  const outcome = await tryInScratch(session, section, { live, migrations, tried });
  if (outcome !== 'they run' && outcome !== 'they run alone') return withOutcome(listed, outcome);
  const isWhole = outcome === 'they run alone' && unknown < 0;
  return isWhole ? [...listed, ...(await checksTried(session, section))] : listed;
}

/** What checks miss in the tables that all migrations together have made. */
async function checksTried(session: Session, { name, server, database: called }: DatabaseSection) {
  const [{ columnsMissing }, { TableReader }, { urlOf }] = await Promise.all([
    import('../check/trial-columns.js'),
    import('../../consistency/table-reader.js'),
    scratchFor(session, server),
  ]);
  const url = urlOf(called);
  const reader = new TableReader(() => connectPostgres({ url, signal: session.signal }));
  const missing = await columnsMissing(name, reader, session).finally(() => reader.close());
  // Where it was tried is gone by the time that it is read.
  return missing.map(({ summary, ...refused }) => ({
    summary,
    refused: { ...refused, why: refused.why.replaceAll(`${placeOf(url)}: `, '') },
  }));
}

/** What is refused has to be shown, though the change itself may not be listed yet. */
function withOutcome(changes: readonly Change[], outcome: Outcome | undefined): readonly Change[] {
  if (outcome === undefined) return changes;
  const { migration, ...said } = outcome;
  const summary = `migration ${migration.name}`;
  if (changes.some((change) => change.summary === summary))
    return changes.map((change) => (change.summary === summary ? { ...change, ...said } : change));
  return said.refused === undefined ? changes : [...changes, { summary, irreversible: true, ...said }];
}

async function readLive(
  { clients, target, signal }: Session,
  { name }: DatabaseSection,
  migrations: readonly Migration[],
): Promise<LiveDatabase | undefined> {
  const { host } = await clients.endpoint(database(name));
  const spec = { name, url: target.as(host, 'owner').url, ours: host.ours, migrations };
  return databaseResource.read(spec, { administrator: host.url, signal, liveness: clients.liveness });
}

const isUnresolved = (sql: string, { kinds }: Session): boolean =>
  referencesIn(sql).some((path) => referenceForm(parseReference(path), kinds) !== undefined);

interface Trial {
  readonly live: LiveDatabase | undefined;
  readonly migrations: readonly Migration[];
  readonly tried: readonly Migration[];
}

/** `alone`: nothing but migrations has made what the database holds, as far as that can be seen. */
async function tryInScratch(
  session: Session,
  section: DatabaseSection,
  { live, migrations, tried: [first, ...rest] }: Trial,
): Promise<Outcome | 'they run' | 'they run alone'> {
  if (first === undefined) return 'they run';
  const embedded = session.target.providerOf(database(section.name)) === 'embedded';
  const scratch = await scratchFor(session, section.server).catch((failure: unknown) => {
    // A container's PostgreSQL comes up without the one of this host.
    if (embedded || !(failure instanceof EvpipeError)) throw failure;
    return undefined;
  });
  if (scratch === undefined) return notTried(first, 'this host has no PostgreSQL to try it in');
  const spec = await scratchDatabase(session, section, scratch);
  const run = (some: readonly Migration[], extensions: readonly string[] = []): Promise<EvpipeError | undefined> =>
    failureOf(() =>
      databaseResource.apply({ ...spec, extensions, migrations: some }, undefined, {
        administrator: scratch.urlOf(section.database),
        signal: session.signal,
      }),
    );
  const before = migrations.filter(({ name }) => live?.applied.has(name));
  // What its server refuses of extensions is said without a trial, and a container may have others.
  if ((await run(before, section.extensions)) !== undefined)
    return notTried(first, 'what comes before it does not run in an empty database here');
  const mayNeedOthers = await othersMade(session, section, live, scratch);
  for (const migration of [first, ...rest]) {
    const failure = await run([migration]);
    if (failure === undefined) continue;
    if (mayNeedOthers && UNDEFINED.test(failure.code))
      return notTried(migration, 'it may need what others have made in this database');
    if (!embedded && NOT_INSTALLED.test(failure.code))
      return notTried(migration, 'it may need what only the container’s PostgreSQL has');
    return refusedBy(failure, migration, spec.url);
  }
  return mayNeedOthers ? 'they run' : 'they run alone';
}

/** undefined_table, _column, _object, _function, and invalid_schema_name. */
const UNDEFINED = /_(42P01|42703|42704|42883|3F000)$/;
/** feature_not_supported (an extension that is not available) and undefined_file. */
const NOT_INSTALLED = /_(0A000|58P01)$/;
/** lock_not_available, and query_canceled by the statement's timeout. */
const TIMED_OUT = /_(55P03|57014)$/;

const notTried = (migration: Migration, why: string): Outcome => ({ migration, implies: `not tried: ${why}` });

function refusedBy(failure: EvpipeError, migration: Migration, url: string): Outcome {
  const place = `${placeOf(url)}: `;
  const why = failure.message.startsWith(place) ? failure.message.slice(place.length) : failure.message;
  const todo = failure.todo ?? 'Correct the file: nothing of it has run.';
  return { migration, refused: { why, todo, location: failure.location } };
}

async function failureOf(work: () => Promise<void>): Promise<EvpipeError | undefined> {
  try {
    await work();
    return undefined;
  } catch (failure) {
    if (failure instanceof EvpipeError && failure.kind === 'failed') return failure;
    throw failure;
  }
}

/** With the owner and the other roles that migrations may name, as on the server that it stands for. */
async function scratchDatabase(
  session: Session,
  { name, database: called, roles: fixed }: DatabaseSection,
  { urlOf, password }: ScratchPostgres,
): Promise<DatabaseSpec> {
  const roles = (await loginsOf(session, 'databases', name)).map((login) => ({ ...login, password }));
  const url = new URL(urlOf(called));
  await ensureOwnDatabase({ url: url.href, roles, fixed }, session.signal);
  url.username = encodeURIComponent(roleName(called, 'owner'));
  return { name, url: url.href, ours: true, migrations: [] };
}

/** One for each server, since databases of two may have the same name. They last as long as the session. */
const started = new WeakMap<Session, Map<string | undefined, Promise<ScratchPostgres>>>();

function scratchFor(session: Session, server: string | undefined): Promise<ScratchPostgres> {
  const ofSession = started.get(session) ?? new Map<string | undefined, Promise<ScratchPostgres>>();
  started.set(session, ofSession);
  const known = ofSession.get(server);
  if (known !== undefined) return known;
  const scratch = startScratchPostgres();
  ofSession.set(server, scratch);
  session.clients.closing({ close: async () => (await scratch.catch(() => undefined))?.close() });
  return scratch;
}

/** Services, jobs and people make tables too. One that has been up and is stopped can't be asked. */
async function othersMade(
  session: Session,
  section: DatabaseSection,
  live: LiveDatabase | undefined,
  scratch: ScratchPostgres,
): Promise<boolean> {
  const isRunning = (await session.target.endpoint(database(section.name))) !== undefined;
  if (!isRunning) return existsSync(session.pipeline.stateFolder);
  if (live === undefined) return false;
  const there = await columnsOf(await administratorClient(session.clients, section.name));
  const here = new Set(
    await columnsOf(await connectPostgres({ url: scratch.urlOf(section.database), signal: session.signal })),
  );
  return there.some((column) => !here.has(column));
}

/** Of all that is neither PostgreSQL's nor evpipe's own. */
async function columnsOf(client: PostgresClient): Promise<readonly string[]> {
  const rows = await client
    .queryText(
      `SELECT format('%I.%I.%I', nspname, relname, attname)
       FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
       WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v', 'm', 'f')
         AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'evpipe')`,
    )
    .finally(() => client.close());
  return rows.flatMap(([column]) => column ?? []);
}

/** It would end the transaction, and leave there what was only to be tried. */
const ENDS_TRANSACTION = /^(?:commit|end|rollback|abort|prepare\s+transaction)\b/i;

async function tryInTransaction(
  session: Session,
  section: DatabaseSection,
  tried: readonly Migration[],
): Promise<Outcome | undefined> {
  const client = await databaseClientAs(session.clients, 'owner', section.name);
  const { host } = await session.clients.endpoint(database(section.name));
  try {
    await client.execute('BEGIN');
    for (const migration of tried) {
      if (statementStarts(migration.sql).some((at) => ENDS_TRANSACTION.test(migration.sql.slice(at, at + 100))))
        return notTried(migration, 'it ends its transaction itself');
      // Each time anew: the one before may have set them.
      await client.execute(
        `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'; SET LOCAL statement_timeout = '${STATEMENT_TIMEOUT}'`,
      );
      const failure = await failureOf(() => client.execute(migration.sql, { file: migration.file }));
      if (failure === undefined) continue;
      if (TIMED_OUT.test(failure.code)) return notTried(migration, failure.message);
      return refusedBy(failure, migration, host.url);
    }
    return undefined;
  } finally {
    // Closing it rolls back as well, should it be broken.
    await client.execute('ROLLBACK').catch(() => {});
    await client.close();
  }
}
