import type { Statement } from '../../protocol/ksql/ast.js';
import { statementEffects } from '../../protocol/ksql/effects.js';
import { isSameQuery, statementMeaning } from '../../protocol/ksql/meaning.js';
import { normaliseStatement } from '../../protocol/ksql/normalise.js';
import { parseStatements, splitStatements } from '../../protocol/ksql/parse.js';
import { KsqlSyntaxError } from '../../protocol/ksql/position.js';
import { substitute } from '../../protocol/ksql/variables.js';
import { EvpipeError, messageOf, type SourceLocation } from '../../support/errors.js';
import { checksumOf, type Migration } from '../database/resource.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Change, WaitReport } from '../resource.js';

/** What a migration needs of a ksqlDB server; clients/ksqldb has it. */
export interface KsqlServer {
  /** Sends one statement and waits until the server has carried it out. */
  execute(
    statement: string,
    options: {
      readonly properties: Readonly<Record<string, string>>;
      readonly variables: Readonly<Record<string, string>>;
    },
  ): Promise<void>;
  /** Names of all streams, tables, types and connectors. */
  existingNames(of: 'connectors' | 'others'): Promise<ReadonlySet<string>>;
  runningQueries(): Promise<
    ReadonlyArray<{ readonly id: string; readonly text: string; readonly sinks: readonly string[] }>
  >;
}

export interface MigrationContext {
  readonly ksqldb: KsqlServer;
  readonly ledger: Ledger;
  /** Waits until the registry has the subject: a statement infers its columns from it. */
  waitForSubject(subject: string, wait: WaitReport): Promise<void>;
}

/** How far a migration has come; statements count from 0, SET and DEFINE among them. */
export interface MigrationState {
  /** Of the whole file where it is finished, else of the statements that are done: the rest may still be fixed. */
  readonly checksum: string;
  /** Of what the same statements mean; states of earlier versions have none. */
  readonly meaning?: string;
  /** All statements below are carried out. */
  readonly done: number;
  /** This one was being sent: whether the server got it has to be asked. */
  readonly sending?: number;
  readonly finished: boolean;
}

export const ledgerKey = (name: string): string => `ksql/${name}`;

/**
 * Carries out the statements of a ksql migration that are not noted as done, each in a request of its own, never one
 * twice: before a statement leaves, the ledger says so, and where a run died in between, the server is asked whether
 * it has what the statement makes. Returns the number of statements sent. A failure names file, line and the
 * server's words; the next run continues at that statement.
 */
export async function applyMigration(
  migration: Migration,
  context: MigrationContext,
  wait: WaitReport,
): Promise<number> {
  const key = ledgerKey(migration.name);
  const before = context.ledger.get<MigrationState>(key);
  if (before !== undefined && isChanged(migration, before)) refuseChanged(migration);
  if (before?.finished === true) return 0;

  const session: Session = { properties: {}, variables: {} };
  const statements = parse(migration);
  let sent = 0;
  for (const [index, statement] of statements.entries()) {
    if (changesSession(statement, session) || index < (before?.done ?? 0)) continue;
    const effects = statementEffects(statement);
    for (const subject of effects.infersFrom) await context.waitForSubject(subject, wait);
    const arrived = before?.sending === index && (await isThere(statement, context.ksqldb, session));
    if (!arrived) {
      const note = { done: index, sending: index, finished: false };
      await context.ledger.put(key, stateOf(migration, note));
      await send(migration, statement, context.ksqldb, session);
      sent += 1;
    }
  }
  const note = { done: statements.length, finished: true };
  await context.ledger.put(key, stateOf(migration, note));
  return sent;
}

/** What `plan` shows of a migration: how many of its statements are still to be sent. Sends nothing. */
export function migrationChanges(migration: Migration, state: unknown): readonly Change[] {
  const before = state as MigrationState | undefined;
  if (before !== undefined && isChanged(migration, before)) {
    return [{ summary: 'statements that had already run were changed', refused: UNCHANGEABLE }];
  }
  if (before?.finished === true) return [];
  const outstanding = parse(migration).slice(before?.done ?? 0);
  const sent = outstanding.filter((statement) => !changesSession(statement, { properties: {}, variables: {} }));
  return sent.map(({ text }) => ({ summary: headOf(text), irreversible: true as const }));
}

const SHOWN_LENGTH = 100;

/** The first words of a statement, which hold no secret of a connector: those stand in its WITH clause. */
function headOf(text: string): string {
  const head = normaliseStatement(text).replace(/\bWITH *\(.*$/is, 'WITH (…)');
  return head.length <= SHOWN_LENGTH ? head : `${head.slice(0, SHOWN_LENGTH - 1)}…`;
}

const UNCHANGEABLE = {
  why: 'ksqlDB has already run the previous text',
  todo: 'Restore them and put the changes into a new migration.',
};

/** The names that migrations make, latest first. */
export function madeByMigrations(migrations: readonly Migration[]): readonly KsqlThing[] {
  return migrations
    .flatMap((migration) => parse(migration))
    .flatMap((statement) => {
      const { creates } = statementEffects(statement);
      return creates === undefined ? [] : [{ kind: creates.kind, name: creates.name }];
    })
    .reverse();
}

export interface KsqlThing {
  readonly kind: 'stream' | 'table' | 'connector' | 'type';
  readonly name: string;
}

const stateOf = (migration: Migration, note: Omit<MigrationState, 'checksum' | 'meaning'>): MigrationState => ({
  ...note,
  checksum: checksumBefore(migration, note),
  meaning: meaningBefore(migration, note),
});

/** Another spelling of what has run is no change. */
const isChanged = (migration: Migration, before: MigrationState): boolean =>
  before.checksum !== checksumBefore(migration, before) && before.meaning !== meaningBefore(migration, before);

function meaningBefore(migration: Migration, { done, finished }: Pick<MigrationState, 'done' | 'finished'>): string {
  const statements = splitStatements(migration.source).slice(0, finished ? undefined : done);
  return checksumOf(statements.map(({ text }) => statementMeaning(text)).join(';'));
}

/** The checksum of what must not change any more, taken of the text as written in the file. */
function checksumBefore(migration: Migration, { done, finished }: Pick<MigrationState, 'done' | 'finished'>): string {
  if (finished) return checksumOf(migration.source);
  const statements = splitStatements(migration.source).slice(0, done);
  return checksumOf(statements.map((statement) => normaliseStatement(statement.text)).join(';'));
}

function refuseChanged(migration: Migration): never {
  throw new EvpipeError(
    'EVPIPE_MIGRATION_CHANGED',
    `ksql migration ${migration.name} was changed in statements that had already run`,
    {
      location: { file: migration.file, line: 1, column: 1 },
      todo: UNCHANGEABLE.todo,
    },
  );
}

function parse(migration: Migration): readonly Statement[] {
  try {
    return parseStatements(migration.sql);
  } catch (failure) {
    if (!(failure instanceof KsqlSyntaxError)) throw failure;
    throw new EvpipeError('EVPIPE_KSQL_SYNTAX', failure.detail, {
      location: { file: migration.file, line: failure.line, column: failure.column },
      cause: failure,
    });
  }
}

/** What SET and DEFINE have said so far. */
interface Session {
  readonly properties: Record<string, string>;
  readonly variables: Record<string, string>;
}

/** SET and DEFINE stay with the client and go along with every later statement of the file. */
function changesSession(statement: Statement, session: Session): boolean {
  switch (statement.kind) {
    case 'set':
      session.properties[statement.property] = statement.value;
      return true;
    case 'unset':
      delete session.properties[statement.property];
      return true;
    case 'define':
      session.variables[statement.name] = statement.value;
      return true;
    case 'undefine':
      delete session.variables[statement.name];
      return true;
    default:
      return false;
  }
}

async function isThere(statement: Statement, ksqldb: KsqlServer, session: Session): Promise<boolean> {
  const effects = statementEffects(statement);
  const of = /^(create|drop)-connector$/.test(statement.kind) ? 'connectors' : 'others';
  if (effects.creates !== undefined) return (await ksqldb.existingNames(of)).has(effects.creates.name);
  if (effects.drops !== undefined) return !(await ksqldb.existingNames(of)).has(effects.drops);
  if (effects.startsQuery !== undefined) {
    const text = substitute(statement.text, {
      variables: new Map(Object.entries(session.variables).map(([name, value]) => [name.toLowerCase(), value])),
      properties: new Map(Object.entries(session.properties)),
    });
    return (await ksqldb.runningQueries()).some((query) => isSameQuery(query.text, text));
  }
  return false;
}

async function send(migration: Migration, statement: Statement, ksqldb: KsqlServer, session: Session): Promise<void> {
  try {
    await ksqldb.execute(`${statement.text};`, session);
  } catch (failure) {
    const kind = failure instanceof EvpipeError ? failure.kind : 'failed';
    const location: SourceLocation = { file: migration.file, line: statement.at.line, column: statement.at.column };
    throw new EvpipeError('EVPIPE_KSQL_STATEMENT_FAILED', messageOf(failure), {
      kind,
      location,
      cause: failure,
      todo: 'Correct the statement, then rerun: statements before it are not sent again.',
    });
  }
}
