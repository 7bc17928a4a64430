import type { Plan } from '../../operations/plan/plan.js';
import { adoptOption } from '../adopt-option.js';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openExamined } from '../open-pipeline.js';
import { withSession } from '../session.js';
import type { Shell } from '../shell.js';

export const planCommand: CommandEntry = {
  name: 'plan [pipeline]',
  summary: 'show what apply would create, change and remove, and why; changes nothing (exit code 3: there are changes)',
  examples: ['plan', 'plan --prune --output json > plan.json', 'plan --try-migrations'],
  declare: (command) =>
    adoptOption(command)
      .option('--prune', 'also show what this pipeline created and no longer declares; apply --prune removes it')
      .option(
        '--try-migrations',
        'also try the SQL migrations of databases with an address there, in a transaction that is rolled back: tables they change are locked for up to 10s a statement, and one in use is waited for 2s',
      ),
  run: async ({ shell, options, operands: [operand] }) => {
    const pipeline = await openExamined(shell, { ...options, quiet: true }, operand);
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { readPlan } = await import('../../operations/plan/plan.js');
      const plan = await readPlan(session, {
        prune: options.prune === true,
        foresee: { onServers: options.tryMigrations === true },
      });
      if (options.output === 'json') shell.out(jsonLine({ kind: 'plan', version: 1, ...plan }));
      else await printPlan(plan, shell);
      return exitOfPlan(plan);
    });
  },
};

export async function printPlan(plan: Plan, shell: Shell): Promise<void> {
  const [{ planLines }, { printLine }] = await Promise.all([
    import('../../ui/text/plan.js'),
    import('../print-line.js'),
  ]);
  for (const one of planLines(plan)) printLine(one, { shell, indent: 6 });
}

/** A refused change beats pending ones. */
export function exitOfPlan({ entries }: Plan): number {
  if (entries.some(({ changes }) => changes.some(({ refused }) => refused !== undefined))) return EXIT.failed;
  return entries.length > 0 ? EXIT.changesPending : EXIT.done;
}
