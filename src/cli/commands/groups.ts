import { Argument } from 'commander';
import type { Session } from '../../kinds/session.js';
import type { PlannedReset, ResetTo } from '../../operations/topics/groups.js';
import { counted } from '../../support/counted.js';
import { EvpipeError } from '../../support/errors.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const groupsCommand: CommandEntry = {
  name: 'groups',
  summary: 'list or describe consumer groups, or reset the offsets of an inactive one',
  examples: [
    'groups',
    'groups describe planning-person',
    'groups reset-offsets planning-person --to earliest',
    'groups reset-offsets planning-person --to 2026-01-31T12:00:00Z --topic orders --yes',
  ],
  declare: (command) =>
    command
      .addArgument(
        new Argument('[action]', 'what to do').choices(['list', 'describe', 'reset-offsets']).default('list'),
      )
      .argument('[names...]', 'groups; list and describe default to all')
      .option(
        '--to <position>',
        'reset-offsets: earliest, latest, an ISO time, an offset, or a shift such as +10 or -10',
      )
      .option('--topic <names...>', 'reset-offsets: only these topics')
      .addHelpText('after', '\nreset-offsets shows the plan and changes nothing (exit code 3); with --yes it commits.'),
  run: async (call) => {
    const { shell, options, rest: names } = call;
    const [action] = call.operands;
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      if (action === 'reset-offsets') return reset(session, call, names);
      const { describeGroups } = await import('../../operations/topics/groups.js');
      const { listTable } = await import('../data-table.js');
      const reports = await describeGroups(session, names);
      if (options.output === 'json') for (const report of reports) shell.out(jsonLine(report));
      else if (action === 'list') {
        const rows = reports.map(({ group, state, members, lag }) => [group, state, members.length, lag]);
        shell.out(listTable(['group', 'state', 'members', 'lag'], rows, shell.columns));
      } else {
        const { groupText } = await import('../topic-text.js');
        for (const report of reports) shell.out(groupText(report, shell.columns));
      }
      return EXIT.done;
    });
  },
};

async function reset(session: Session, { shell, options }: CommandCall, names: readonly string[]): Promise<number> {
  const [group, ...more] = names;
  if (group === undefined || more.length > 0)
    throw new EvpipeError('EVPIPE_GROUP_UNNAMED', 'name exactly one group to reset', { kind: 'usage' });
  const { applyReset, planReset } = await import('../../operations/topics/groups.js');
  const topics = (options.topic ?? []) as readonly string[];
  const plan = await planReset(session, group, { topics, to: positionOf(options.to) });
  const changes = plan.filter(({ from, to }) => from !== to);
  const isDone = options.yes === true && changes.length > 0;
  if (isDone) await applyReset(session, group, plan);
  if (options.output === 'json') shell.out(jsonLine({ group, applied: isDone, plan }));
  else await print(plan, shell);
  if (options.output === 'text' && options.quiet !== true)
    shell.err(
      changes.length === 0
        ? 'Nothing to change.\n'
        : isDone
          ? `${counted(changes.length, 'offset')} of ${group} moved.\n`
          : 'Nothing has changed yet; rerun with --yes to commit.\n',
    );
  return changes.length === 0 || isDone ? EXIT.done : EXIT.changesPending;
}

async function print(plan: readonly PlannedReset[], shell: CommandCall['shell']): Promise<void> {
  const { listTable } = await import('../data-table.js');
  const rows = plan.map(({ topic, partition, from, to }) => [topic, partition, from ?? '-', to, moved(from, to)]);
  shell.out(listTable(['topic', 'partition', 'committed', 'new', 'change'], rows, shell.columns));
}

function moved(from: string | null, to: string): string {
  const by = BigInt(to) - BigInt(from ?? 0);
  if (from === to) return 'none';
  return by > 0n ? `${by} skipped` : `${-by} read again`;
}

function positionOf(text: unknown): ResetTo {
  if (text === 'earliest' || text === 'latest') return { kind: text };
  if (typeof text === 'string' && /^[+-]\d+$/.test(text)) return { kind: 'shift', by: BigInt(text) };
  if (typeof text === 'string' && /^\d+$/.test(text)) return { kind: 'offset', offset: BigInt(text) };
  const timestampMs = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timestampMs)) return { kind: 'time', timestampMs };
  const what = text === undefined ? 'say where to reset to with --to' : `--to ${String(text)} is not a position`;
  throw new EvpipeError('EVPIPE_RESET_TO', what, {
    kind: 'usage',
    todo: 'Use earliest, latest, a time such as 2026-01-31T12:00:00Z, an offset such as 42, or a shift such as +10 or -10.',
  });
}
