import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { OperationEvent } from '../../kinds/events.js';
import { TAKEN_OVER } from '../../kinds/resource.js';
import type { ApplyResult } from '../../operations/plan/apply.js';
import type { Plan, PlanEntry } from '../../operations/plan/plan.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { adoptOption } from '../adopt-option.js';
import type { CommandEntry } from '../command.js';
import { confirm } from '../confirm.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openExamined } from '../open-pipeline.js';
import { printerFor, withSession } from '../session.js';
import type { Shell } from '../shell.js';
import { exitOfPlan, printPlan } from './plan.js';
import { exitCodeOf } from './up.js';

export const applyCommand: CommandEntry = {
  name: 'apply [pipeline]',
  summary: 'make the changes that plan shows; runs no seeds and no checks',
  examples: ['apply', 'apply --plan plan.json', 'apply --prune --yes'],
  declare: (command) =>
    adoptOption(command)
      .option('--prune', 'also remove what this pipeline created and no longer declares')
      .option('--plan <file>', 'apply exactly this plan (from plan --output json), or nothing if it is out of date'),
  run: async ({ shell, options, operands: [operand] }) => {
    const pipeline = await openExamined(shell, { ...options, quiet: true }, operand);
    const printer = await printerFor(shell, options);
    const emit = (event: OperationEvent): void => printer.emit(event);
    const file = options.plan === undefined ? undefined : resolve(shell.cwd, String(options.plan));
    const saved = file === undefined ? undefined : readSavedPlan(file);
    const adopt = options.adopt === true || saved?.entries.some(takesOver) === true;
    return withSession(
      pipeline,
      { shell, options: { ...options, adopt }, emit, waitsForSilent: true },
      async (session) => {
        const [{ apply }, { readPlan }] = await Promise.all([
          import('../../operations/plan/apply.js'),
          import('../../operations/plan/plan.js'),
        ]);
        const prune = options.prune === true || saved?.entries.some(({ action }) => action === 'remove') === true;
        const plan = saved ?? (await readPlan(session, { prune, foresee: { onServers: false } }));
        if (options.output === 'text' && options.quiet !== true) await printPlan(plan, shell);
        const planned = exitOfPlan(plan);
        if (planned !== EXIT.changesPending) {
          if (planned === EXIT.failed) shell.err('Nothing was changed.\n');
          if (options.output === 'json') shell.out(jsonLine({ kind: 'result', exitCode: planned, changed: false }));
          return planned;
        }
        const removals = plan.entries.filter(({ action }) => action === 'remove');
        if (removals.length > 0)
          await confirm(shell, options, `Remove ${removals.map(({ kind, name }) => `${kind} ${name}`).join(', ')}?`);
        let result: ApplyResult;
        try {
          result = await apply(session, { prune, agreed: plan });
        } finally {
          await printer.end();
        }
        return printResult(result, shell, options.output);
      },
    );
  },
};

const takesOver = ({ changes }: PlanEntry): boolean => changes.some(({ summary }) => summary === TAKEN_OVER.summary);

function printResult({ up, removed, left }: ApplyResult, shell: Shell, output: 'text' | 'json'): number {
  const exitCode = exitCodeOf(up);
  if (output === 'json') {
    shell.out(jsonLine({ kind: 'result', exitCode, changed: up.changed || removed.length > 0, removed, left }));
    return exitCode;
  }
  for (const one of removed) shell.out(`  removed  ${one}\n`);
  for (const one of left) shell.out(`  stays    ${one}\n`);
  if (up.failure === undefined) shell.out('Applied.\n');
  else
    shell.err(
      `\nStopped at ${up.failure.step}. Fix the problem, then rerun \`${shell.self} apply\`: it goes on there.\n`,
    );
  return exitCode;
}

function readSavedPlan(file: string): Plan {
  let plan: unknown;
  try {
    plan = JSON.parse(readFileSync(file, 'utf8'));
  } catch (failure) {
    throw new EvpipeError('EVPIPE_PLAN_UNREADABLE', `${file} can't be read: ${messageOf(failure)}`, { kind: 'usage' });
  }
  const { kind, version, entries } = (plan ?? {}) as { kind?: unknown; version?: unknown; entries?: unknown };
  if (kind === 'plan' && version === 1 && Array.isArray(entries)) return plan as Plan;
  throw new EvpipeError('EVPIPE_PLAN_UNREADABLE', `${file} is not a plan`, {
    kind: 'usage',
    todo: 'Write one: evpipe plan --output json > plan.json',
  });
}
