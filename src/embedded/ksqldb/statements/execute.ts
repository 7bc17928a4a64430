import { notSupported } from '../../../ksql/statement-error.js';
import type { Statement, StatementKind, StatementOf } from '../../../protocol/ksql/ast.js';
import { parseStatement } from '../../../protocol/ksql/parse.js';
import { messageOf } from '../../../support/errors.js';
import type { LoggedCommand } from '../command-log.js';
import type { Engine } from '../engine.js';
import type { StatementContext } from './context.js';
import { commandStatus, type Entity } from './entity.js';
import { changeOf, handlerOf } from './table.js';

type Any = StatementOf<StatementKind>;

/** Runs one statement of /ksql. Throws StatementError; nothing has changed then. */
export async function executeStatement(statement: Statement, context: StatementContext): Promise<Entity | undefined> {
  const handler = handlerOf(statement);
  if (handler !== undefined) return handler(statement as Any, context);
  const change = changeOf(statement);
  if (change === undefined) throw notSupported(statement.text.split(/\s+/).slice(0, 2).join(' ').toUpperCase());
  const prepared = await change.prepare(statement as Any, context);
  if (prepared.kind === 'done') return prepared.entity;
  const { engine, session } = context;
  const properties = Object.fromEntries(session.properties);
  const sequence = await engine.parts.commands.append(prepared.id, {
    statement: prepared.statement,
    properties,
    version: 1,
  });
  const applied = await change.apply(parseStatement(prepared.statement) as Any, {
    engine,
    properties: session.properties,
    sequence,
    restoring: false,
  });
  engine.commands.set(prepared.id, applied);
  engine.sequence = sequence;
  return commandStatus(`${statement.text};`, prepared.id, sequence, applied.message, applied.queryId);
}

/** Repeats all commands, then starts what queries are left. What fails is logged and left out: the others go on. */
export async function restore(engine: Engine, commands: readonly LoggedCommand[]): Promise<void> {
  const { log } = engine.parts;
  for (const command of commands) {
    engine.sequence = command.sequence;
    try {
      const statement = parseStatement(command.statement);
      const applied = await changeOf(statement)?.apply(statement as Any, {
        engine,
        properties: new Map(Object.entries(command.properties)),
        sequence: command.sequence,
        restoring: true,
      });
      if (applied !== undefined) engine.commands.set(command.id, applied);
    } catch (failure) {
      log.error(`command ${command.sequence} could not be replayed: ${messageOf(failure)}`, {
        statement: command.statement,
      });
    }
  }
  for (const query of engine.queries.values()) query.start();
}
