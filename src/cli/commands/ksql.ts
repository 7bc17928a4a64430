import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { KsqlAnswer } from '../../kinds/ksqldb/ksql.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';
import type { Shell } from '../shell.js';

export const ksqlCommand: CommandEntry = {
  name: 'ksql',
  summary: 'statements and queries to ksqlDB; a push query goes on until Ctrl-C',
  examples: [
    "ksql -e 'SHOW STREAMS;'",
    "ksql -e 'SELECT * FROM ORDERS EMIT CHANGES LIMIT 5;'",
    'ksql --script checks.sql',
  ],
  declare: (command) =>
    command
      .option('-e, --execute <statements>', 'run these and end')
      .option('-s, --script <file>', 'run the statements of a file and end'),
  run: async (call) => {
    const { shell, options } = call;
    const text = statementsOf(call);
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { endsKsqlStatement, KsqlConversation, onOneLine } = await import('../../kinds/ksqldb/ksql.js');
      const conversation = new KsqlConversation(session, (name) => readScript(shell, name));
      const file = typeof options.script === 'string' ? options.script : undefined;
      const run = async (statements: string, interrupted: AbortSignal): Promise<void> => {
        const print = await answerPrinter(call);
        for await (const answer of conversation.run(statements, interrupted, file)) print(answer);
      };
      if (text !== undefined) {
        // Ctrl-C is how a push query ends: nothing to be said about it.
        await run(text, shell.signal).catch((failure) => {
          if (!shell.signal.aborted) throw failure;
        });
        return shell.signal.aborted ? EXIT.interrupted : EXIT.done;
      }
      const { runStatements } = await import('../statement-shell.js');
      const { historyFile, StatementHistory } = await import('../statement-history.js');
      const greeting =
        'Statements end with a semicolon; Tab completes, Ctrl-C ends a push query, \\q or Ctrl-D the shell.';
      const history = { kept: new StatementHistory(historyFile('ksql', shell.env)), oneLine: onOneLine };
      const complete = (before: string) => conversation.complete(before);
      return runStatements(
        shell,
        { prompt: 'ksql> ', greeting, run, isComplete: endsKsqlStatement, history, complete },
        { verbose: options.verbose === true, json: options.output === 'json' },
      );
    });
  },
};

function statementsOf({ shell, options: { execute, script } }: CommandCall): string | undefined {
  if (typeof execute === 'string') return execute;
  return typeof script === 'string' ? readScript(shell, script) : undefined;
}

function readScript(shell: Shell, file: string): string {
  try {
    return readFileSync(resolve(shell.cwd, file), 'utf8');
  } catch (cause) {
    throw new EvpipeError('EVPIPE_SCRIPT_UNREADABLE', `${file} can't be read: ${messageOf(cause)}`, {
      kind: 'usage',
      cause,
    });
  }
}

async function answerPrinter({ shell, options }: CommandCall): Promise<(answer: KsqlAnswer) => void> {
  const { RowPrinter } = await import('../row-printer.js');
  const { entityText } = await import('../ksql-entity.js');
  const { jsonText } = await import('../../kinds/ksqldb/ksql.js');
  const json = options.output === 'json';
  let columns: readonly string[] = [];
  let printer = new RowPrinter(columns, shell.out, shell.columns);
  // Structs, and numbers whose digits a double would change, are shown as the server wrote them.
  const shown = (value: unknown): unknown => (typeof value === 'object' && value !== null ? jsonText(value) : value);
  return (answer) => {
    switch (answer.kind) {
      case 'header':
        columns = answer.columns;
        printer = new RowPrinter(columns, shell.out, shell.columns);
        return;
      case 'row': {
        const { values, tombstone } = answer;
        if (!json) return printer.print(values.map(shown), tombstone);
        const row = Object.fromEntries(columns.map((name, index) => [name, values[index]]));
        return shell.out(`${jsonText(row)}\n`);
      }
      case 'end':
        return shell.err(`${answer.message}\n`);
      case 'line':
        return json ? shell.out(jsonLine({ line: answer.text })) : shell.out(`${answer.text}\n`);
      case 'entity':
        return shell.out(json ? jsonLine(answer.entity) : entityText(answer.entity, shell.columns));
    }
  };
}
