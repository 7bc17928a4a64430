import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { SqlUser, StatementResult } from '../../kinds/database/psql.js';
import type { Session } from '../../kinds/session.js';
import { EvpipeError } from '../../support/errors.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { runProgram } from '../run-program.js';
import { withSession } from '../session.js';
import type { Shell } from '../shell.js';

export const psqlCommand: CommandEntry = {
  name: 'psql <database> [args...]',
  summary: 'run SQL on a database: with psql where installed, else in a small built-in shell',
  examples: ['psql planning', "psql planning -c 'select count(*) from planning_person'", 'psql planning -- --csv'],
  declare: (command) =>
    command
      .option('-c, --command <sql>', 'run this and end')
      .option('--superuser', "log in as the superuser of evpipe's own server (default: the owner of the database)"),
  run: async (call) => {
    const { shell, options, rest: args } = call;
    const [name = ''] = call.operands;
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { libpqEnvironment } = await import('../../kinds/database/psql.js');
      const user = options.superuser === true ? 'superuser' : 'owner';
      const environment = await libpqEnvironment(session, name, user);
      const program = options.output === 'json' ? undefined : findProgram('psql', shell);
      const statement = typeof options.command === 'string' ? options.command : undefined;
      if (program !== undefined) {
        // A service file or an address of the user's own would win over the host.
        const { PGSERVICE: _, PGHOSTADDR: __, ...inherited } = shell.env;
        return runProgram([program, ...(statement === undefined ? [] : ['-c', statement]), ...args], {
          env: { ...inherited, ...environment },
          cwd: shell.cwd,
        });
      }
      if (args.length === 0) return ownShell(session, { name, user }, statement, call);
      throw new EvpipeError('EVPIPE_PSQL_MISSING', `only psql itself understands ${args.join(' ')}`, {
        kind: 'usage',
        todo: 'Install the PostgreSQL client and leave out --output json, or use -c.',
      });
    });
  },
};

function findProgram(name: string, { env }: Shell): string | undefined {
  const candidates = (env.PATH ?? '').split(delimiter).flatMap((folder) => (folder === '' ? [] : [join(folder, name)]));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function ownShell(
  session: Session,
  { name, user }: { readonly name: string; readonly user: SqlUser },
  statement: string | undefined,
  { shell, options }: CommandCall,
): Promise<number> {
  const { endsSqlStatement, openSql } = await import('../../kinds/database/psql.js');
  const sql = await openSql(session, name, user);
  const json = options.output === 'json';
  const run = async (text: string, interrupted: AbortSignal): Promise<void> => {
    const cancel = (): void => void sql.cancel().catch(() => {});
    interrupted.addEventListener('abort', cancel, { once: true });
    try {
      for await (const result of sql.run(text, json ? 'typed' : 'text')) await print(result, shell, json);
    } finally {
      interrupted.removeEventListener('abort', cancel);
    }
  };
  if (statement !== undefined) {
    await run(statement, shell.signal);
    return EXIT.done;
  }
  const { runStatements } = await import('../statement-shell.js');
  const greeting = `Statements on ${name} end with a semicolon; \\q or Ctrl-D ends.`;
  return runStatements(
    shell,
    { prompt: `${name}=> `, greeting, run, isComplete: endsSqlStatement },
    { verbose: options.verbose === true, json },
  );
}

async function print(
  { command, rowCount: count, columns, rows }: StatementResult,
  shell: Shell,
  json: boolean,
): Promise<void> {
  if (json) {
    for (const row of rows) shell.out(jsonLine(Object.fromEntries(columns.map((name, index) => [name, row[index]]))));
    return;
  }
  const { dataTable, rowCount } = await import('../data-table.js');
  if (columns.length > 0) shell.out(`${dataTable(columns, rows, shell.columns)}${rowCount(rows.length)}`);
  else shell.err(`${command}${/^(INSERT|UPDATE|DELETE|MERGE|COPY)$/.test(command) ? ` ${count}` : ''}\n`);
}
