import { Option } from 'commander';
import { BoundedRegex } from '../../support/bounded-regex.js';
import { EvpipeError } from '../../support/errors.js';
import { LOG_LEVELS, type LogLevel } from '../../support/log.js';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openRunning } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const logsCommand: CommandEntry = {
  name: 'logs [components...]',
  summary: 'show the logs of servers and services',
  examples: ['logs planning-person-consumer --follow', 'logs --since 10m --level warn', 'logs connect ksqldb -n 20'],
  declare: (command) =>
    command
      .option('--follow', 'keep following until Ctrl-C')
      .option('--since <time>', 'only lines newer than this: 10m, 2h, or an ISO time')
      .option('--grep <regex>', 'only lines that match this regular expression')
      .addOption(new Option('--level <level>', 'only lines of this level or above').choices(LOG_LEVELS))
      .option(
        '-n, --tail <lines>',
        'past lines to show per component (default 100; with a filter, 10,000 are searched)',
      ),
  run: async ({ shell, options, rest: of }) => {
    const filter = {
      sinceMs: timeOf(options.since),
      pattern: patternOf(options.grep),
      level: options.level as LogLevel | undefined,
    };
    const isFiltered = Object.values(filter).some((part) => part !== undefined);
    const tail = options.tail === undefined ? (isFiltered ? 10_000 : 100) : lineCount(String(options.tail));
    const pipeline = await openRunning(shell, options);
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { logs } = await import('../../operations/run/logs.js');
      const { column } = await import('../../ui/text/line.js');
      // A name is as wide as the longest there can be: lines of followed logs come in any order.
      const width = Math.max(8, ...pipeline.services.map(({ name }) => name.length));
      let any = false;
      const found = logs(session, { of, tail, follow: options.follow === true, ...filter });
      for await (const { process, text, atMs, level, fields } of found) {
        any = true;
        if (options.output === 'json') {
          const at = atMs === undefined ? undefined : new Date(atMs).toISOString();
          shell.out(jsonLine({ process, text, at, level, fields }));
        } else shell.out(of.length === 1 ? `${text}\n` : `${column(process, width)}  ${text}\n`);
      }
      if (!any && options.quiet !== true) shell.err('The logs are empty.\n');
      return shell.signal.aborted ? EXIT.interrupted : EXIT.done;
    });
  },
};

function lineCount(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new EvpipeError('EVPIPE_LINES', `--tail ${text} is not a number of lines`, { kind: 'usage' });
}

/** Throws EVPIPE_SINCE (kind usage). */
function timeOf(text: unknown): number | undefined {
  if (text === undefined) return undefined;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(String(text)) ?? [];
  if (amount !== undefined)
    return Date.now() - Number(amount) * ({ ms: 1, s: 1_000, m: 60_000 }[unit ?? ''] ?? 3_600_000);
  const parsed = Date.parse(String(text));
  if (!Number.isNaN(parsed)) return parsed;
  throw new EvpipeError('EVPIPE_SINCE', `--since ${String(text)} is not a time`, {
    kind: 'usage',
    todo: 'Use 30s, 10m, 2h or 2026-01-31T12:00:00Z.',
  });
}

/** Throws EVPIPE_GREP (kind usage). */
function patternOf(text: unknown): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new BoundedRegex(String(text)); // what services write may come from anybody
  } catch (cause) {
    throw new EvpipeError('EVPIPE_GREP', `--grep ${String(text)} is not a valid regular expression`, {
      kind: 'usage',
      cause,
    });
  }
}
