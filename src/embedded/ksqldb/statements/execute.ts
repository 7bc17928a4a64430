import { notSupported, StatementError } from '../../../ksql/statement-error.js';
import type { Statement, StatementKind, StatementOf } from '../../../protocol/ksql/ast.js';
import { parseStatement } from '../../../protocol/ksql/parse.js';
import { messageOf } from '../../../support/errors.js';
import { pause } from '../../../support/retry.js';
import { isOvertaken, type LoggedCommand } from '../command-log.js';
import type { Engine } from '../engine.js';
import type { Change, StatementContext } from './context.js';
import { commandStatus, type Entity } from './entity.js';
import { changeOf, handlerOf } from './table.js';

type Any = StatementOf<StatementKind>;

/** How often other engines may be quicker with a statement of theirs. */
const TRIES = 10;
const AGAIN_AFTER_MS = 50;

/** Runs one statement of /ksql. Throws StatementError; nothing has changed then. */
export async function executeStatement(statement: Statement, context: StatementContext): Promise<Entity | undefined> {
  const handler = handlerOf(statement);
  if (handler !== undefined) return handler(statement as Any, context);
  const change = changeOf(statement);
  if (change === undefined) throw notSupported(statement.text.split(/\s+/).slice(0, 2).join(' ').toUpperCase());
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const logged = await logStatement(statement, change, context);
    if (logged !== 'overtaken') {
      return 'entity' in logged ? logged.entity : applyHere(statement.written, logged, change, context);
    }
    await pause(tries * AGAIN_AFTER_MS * (0.5 + Math.random()));
  }
  throw new StatementError(
    `Could not write the statement '${statement.text}' into the command topic: other servers write into it too.`,
    50000,
  );
}

interface Logged extends LoggedCommand {
  readonly parsed: Statement;
}

/** Checks a statement against all commands so far, those of other engines too, and logs it as the next one. */
async function logStatement(
  statement: Statement,
  change: Change<StatementKind>,
  context: StatementContext,
): Promise<Logged | { readonly entity: Entity } | 'overtaken'> {
  const { engine, session } = context;
  const { commands } = engine.parts;
  try {
    for (const command of await commands.begin(engine.sequence)) await applyLogged(engine, command, false);
    const prepared = await change.prepare(statement as Any, context);
    if (prepared.kind === 'done') return prepared;
    // Written out it may nest too deeply: what would not be read again is not logged.
    const parsed = parseStatement(prepared.statement);
    const properties = Object.fromEntries(session.properties);
    const command = { statement: prepared.statement, properties, version: 1 } as const;
    return { ...command, id: prepared.id, sequence: await commands.append(prepared.id, command), parsed };
  } catch (failure) {
    if (isOvertaken(failure)) return 'overtaken';
    throw failure;
  }
}

async function applyHere(
  written: string,
  { id, sequence, parsed }: Logged,
  change: Change<StatementKind>,
  { engine, session }: StatementContext,
): Promise<Entity> {
  const applied = await change.apply(parsed as Any, {
    engine,
    properties: session.properties,
    sequence,
    here: true,
    restoring: false,
  });
  engine.commands.set(id, applied);
  engine.sequence = sequence;
  return commandStatus(written, id, sequence, applied.message, applied.queryId);
}

/** Repeats all commands, then starts what queries are left. */
export async function restore(engine: Engine, commands: readonly LoggedCommand[]): Promise<void> {
  for (const command of commands) await applyLogged(engine, command, true);
  for (const query of engine.queries.values()) query.start();
}

/** What other engines log from now on takes effect here too; ends with the signal. */
export async function followCommands(engine: Engine, commands: AsyncIterable<LoggedCommand>): Promise<void> {
  for await (const command of commands) await engine.inTurn(() => applyLogged(engine, command, false));
}

/** A command of another engine, or of this one before it was started again. What fails is logged and left out: the others go on. */
async function applyLogged(engine: Engine, command: LoggedCommand, restoring: boolean): Promise<void> {
  const { sequence } = command;
  if (sequence <= engine.sequence) return;
  try {
    const statement = parseStatement(command.statement);
    const properties = new Map(Object.entries(command.properties));
    const change = changeOf(statement);
    const applied = await change?.apply(statement as Any, { engine, properties, sequence, here: false, restoring });
    if (applied !== undefined) engine.commands.set(command.id, applied);
  } catch (failure) {
    engine.parts.log.error(`command ${sequence} could not be replayed: ${messageOf(failure)}`, {
      statement: command.statement,
    });
  }
  engine.sequence = sequence;
}
