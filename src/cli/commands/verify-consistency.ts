import { appendFileSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option } from 'commander';
import type { VerifyOptions } from '../../kinds/check/verify-consistency.js';
import type { CheckReport } from '../../kinds/events.js';
import type { Session } from '../../kinds/session.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { pause } from '../../support/retry.js';
import { checkMetrics } from '../check-metrics.js';
import { type ChangedCheck, CheckRounds, historyEntries } from '../check-rounds.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { exitOfReports } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { durationOf, printerFor, timeoutMs, withSession } from '../session.js';
import type { Shell } from '../shell.js';
import { reportTests, testOfCheck } from '../test-report.js';

const NAME_COLUMNS = 16;

export const verifyConsistencyCommand: CommandEntry = {
  name: 'verify-consistency [checks...]',
  summary: 'prove that every replica agrees with its source, or name the rows that do not',
  examples: ['verify-consistency', 'verify-consistency persons --output json'],
  declare: (command) =>
    command
      .option('--junit <file>', 'also write the results as JUnit XML')
      .option('--markdown <file>', 'also write them as Markdown, for a pull request')
      .option('--findings <file>', 'also write each listed difference as one line of JSON')
      .option('--html <file>', 'also write them as one HTML file, with every row that is listed')
      .option(
        '--max-differences <number>',
        'list at most this many differences per check with their values; all are counted',
      )
      .option('--sample <percent>', 'compare only this share of the rows, chosen by key')
      .option('--where <sql>', 'compare only rows of both tables that match this condition')
      .option('--keys <keys>', 'compare only these keys of one check: 17,18, or JSON: [["17","a"]]')
      .option('--since <time>', 'compare only rows changed since: 2h, 2026-01-31T12:00:00Z, or a value of `changed:`')
      .option('--resume', 'continue where a run that was stopped had come to; one that changed since starts over')
      .option('--recheck <report>', 'compare only the keys that differ in a report written with --output json')
      .option(
        '--emit-repair <file>',
        'write SQL that makes the replicas agree; it only changes rows that are still as they were found',
      )
      .option('--max-rate <rows>', 'read at most this many rows per second from each side')
      .addOption(new Option('--fast', 'what every comparison does by now; scripts may still say it').hideHelp())
      .option('--full-speed', 'read without a rest, also where servers are busy with the transactions of others')
      .option('--watch [interval]', 'check again, every 30s by default, until Ctrl-C; say only what has changed')
      .option('--metrics <file>', "also write the results in Prometheus' text format; with --watch after each round")
      .option('--history <file>', 'also append a line of JSON for each check whose result has changed'),
  run: async ({ shell, options, rest: named }) => {
    const differencesMax = numberUpTo(options.maxDifferences, '--max-differences', DIFFERENCES_MAX);
    const samplePercent = numberUpTo(options.sample, '--sample', 100);
    const maxRate = numberUpTo(options.maxRate, '--max-rate', Number.MAX_SAFE_INTEGER);
    const since = sinceOf(options);
    const watchMs = watchOf(options);
    const keys = await chosenKeys(options, named);
    const repair =
      options.emitRepair === undefined ? undefined : openRepair(resolve(shell.cwd, String(options.emitRepair)));
    const pipeline = await openPipeline(shell, options);
    const printer = await printerFor(shell, options);
    const rounds = new CheckRounds();
    const moments: VerifyOptions['moments'] = watchMs === undefined ? undefined : new Map();
    const verify = async (session: Session, more: Pick<VerifyOptions, 'repair' | 'progress' | 'waitingFor'>) => {
      const { verifyConsistency } = await import('../../kinds/check/verify-consistency.js');
      return verifyConsistency(session, {
        only: keys === undefined ? named : [...keys.keys()],
        keys,
        where: options.where === undefined ? undefined : String(options.where),
        since,
        resume: options.resume === true,
        deadlineMs: timeoutMs(options),
        timeoutMs: timeoutMs(options),
        differencesMax,
        samplePercent,
        maxRate,
        moments,
        fullSpeed: options.fullSpeed === true,
        ...more,
      });
    };
    const exitCode = await withSession(
      pipeline,
      { shell, options, emit: (event) => printer.emit(event), waitsForSilent: true },
      async (session) => {
        printer.emit({
          kind: 'operation',
          operation: 'verify-consistency',
          pipeline: pipeline.name,
          target: session.target.name,
          steps: ['checks'],
          checks: pipeline.checks.map(({ name }) => name),
        });
        const startedMs = performance.now();
        printer.emit({ kind: 'step-started', step: 'checks' });
        try {
          const reports = await verify(session, {
            ...(repair !== undefined && { repair: (sql) => write(repair, sql) }),
            progress: ({ check, ...figures }) =>
              printer.emit({ kind: 'step-progress', step: 'checks', label: check, ...figures }),
            waitingFor: (waitingFor) => printer.emit({ kind: 'step-waiting', step: 'checks', waitingFor }),
          });
          const exitCode = exitOfReports(reports);
          const good = reports.filter(({ verdict }) => verdict === 'consistent').length;
          const partly = reports.some(({ part }) => part !== undefined) ? 'consistent in part' : 'consistent';
          printer.emit({
            kind: 'step-done',
            step: 'checks',
            detail: good === reports.length ? `${good} ${partly}` : `${good} of ${reports.length} ${partly}`,
            elapsedMs: performance.now() - startedMs,
            changed: false,
            wrong: good < reports.length,
          });
          if (options.output === 'json') shell.out(jsonLine({ kind: 'result', exitCode }));
          else if (!shell.interactive) {
            const { checkReportLines } = await import('../../ui/text/check-report.js');
            const { paint } = await import('../../ui/text/line.js');
            for (const report of reports) {
              for (const line of checkReportLines(report, NAME_COLUMNS, shell.columns ?? 160))
                shell.out(`${paint(line, shell.color)}\n`);
              shell.out('\n');
            }
          }
          await reportTests(shell, {
            suite: pipeline.name,
            junit: options.junit,
            cases: () => Promise.all(reports.map((report) => testOfCheck(report, pipeline))),
          });
          await writePages(shell, options, pipeline.name, reports);
          writeRound(shell, options, pipeline.name, reports, rounds.next(reports));
          return exitCode;
        } finally {
          await printer.end();
        }
      },
    );
    if (watchMs === undefined) return exitCode;
    for (;;) {
      await pause(watchMs, shell.signal);
      // A session of its own: whatever a round opens ends with it.
      const reports = await withSession(pipeline, { shell, options, emit: () => {}, waitsForSilent: true }, (session) =>
        verify(session, { waitingFor: () => {} }),
      );
      const changed = rounds.next(reports);
      await sayChanged(shell, options, changed);
      await writePages(shell, options, pipeline.name, reports);
      writeRound(shell, options, pipeline.name, reports, changed);
    }
  },
};

const WATCH_MS = 30_000;
/** The databases have other work to do. */
const WATCH_MIN_MS = 1_000;

function watchOf({ watch }: CommandCall['options']): number | undefined {
  if (watch === undefined || watch === false) return undefined;
  const intervalMs = watch === true ? WATCH_MS : durationOf(String(watch));
  if (intervalMs !== undefined && intervalMs >= WATCH_MIN_MS) return intervalMs;
  throw new EvpipeError('EVPIPE_DURATION', `--watch ${String(watch)} is not a duration of at least 1s`, {
    kind: 'usage',
    todo: 'Use 5s, 30s or 2m.',
  });
}

async function sayChanged(
  shell: Shell,
  { output }: CommandCall['options'],
  changed: readonly ChangedCheck[],
): Promise<void> {
  const at = new Date().toISOString();
  if (output === 'json') {
    for (const { report, before } of changed) shell.out(jsonLine({ kind: 'check-report', at, before, report }));
    return;
  }
  const { checkReportLines } = await import('../../ui/text/check-report.js');
  const { paint } = await import('../../ui/text/line.js');
  for (const { report, before } of changed) {
    shell.out(`${at}  ${report.check}: ${before} → ${report.verdict}\n`);
    for (const line of checkReportLines(report, NAME_COLUMNS, shell.columns ?? 160))
      shell.out(`${paint(line, shell.color)}\n`);
    shell.out('\n');
  }
}

function writeRound(
  shell: Shell,
  { metrics, history }: CommandCall['options'],
  pipeline: string,
  reports: readonly CheckReport[],
  changed: readonly ChangedCheck[],
): void {
  const now = new Date();
  try {
    if (metrics !== undefined) {
      const file = resolve(shell.cwd, String(metrics));
      // Its reader never sees half of it.
      writeFileSync(`${file}.tmp`, checkMetrics(pipeline, reports, now.getTime()));
      renameSync(`${file}.tmp`, file);
    }
    if (history !== undefined)
      appendFileSync(resolve(shell.cwd, String(history)), historyEntries(changed, now).map(jsonLine).join(''));
  } catch (cause) {
    throw new EvpipeError('EVPIPE_REPORT_FILE', `cannot write the report: ${messageOf(cause)}`, { cause });
  }
}

/** Differences listed with their values are held in memory. */
const DIFFERENCES_MAX = 1_000_000;

async function writePages(
  shell: Shell,
  { markdown, html, findings }: CommandCall['options'],
  pipeline: string,
  reports: readonly CheckReport[],
): Promise<void> {
  if (findings !== undefined) {
    const { findingLines } = await import('../check-page.js');
    writePage(resolve(shell.cwd, String(findings)), findingLines(reports));
  }
  if (markdown === undefined && html === undefined) return;
  const { checksHtml, checksMarkdown } = await import('../check-page.js');
  if (markdown !== undefined) writePage(resolve(shell.cwd, String(markdown)), checksMarkdown(pipeline, reports));
  if (html !== undefined) writePage(resolve(shell.cwd, String(html)), checksHtml(pipeline, reports));
}

function writePage(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new EvpipeError('EVPIPE_REPORT_FILE', `cannot write the report: ${messageOf(cause)}`, { cause });
  }
}

/** Rows may hold what only their owner is to see. */
const OWNER_ONLY = 0o600;

/** The file is there from the beginning, so that one that can't be written is known before anything is read. */
function openRepair(file: string): number {
  try {
    return openSync(file, 'w', OWNER_ONLY);
  } catch (cause) {
    throw new EvpipeError('EVPIPE_REPAIR_FILE', `cannot write the repair: ${messageOf(cause)}`, { cause });
  }
}

async function write(file: number, sql: AsyncIterable<string>): Promise<void> {
  for await (const piece of sql) writeSync(file, piece);
}

async function chosenKeys({ keys, recheck }: CommandCall['options'], checks: readonly string[]) {
  if (keys === undefined && recheck === undefined) return undefined;
  const { keysOfOption, keysOfReport } = await import('../chosen-keys.js');
  if (keys === undefined) return keysOfReport(String(recheck), checks);
  return keysOfOption(String(keys), checks);
}

/** Only the changes of some time: a duration is counted from now; anything else is a value of the column itself. */
function sinceOf({ since, resume, keys, recheck }: CommandCall['options']): string | undefined {
  const chosen = [
    [since, '--since'],
    [keys, '--keys'],
    [recheck, '--recheck'],
  ].flatMap(([value, option]) => (value === undefined ? [] : [String(option)]));
  const [first, second = resume === true ? '--resume' : undefined] = chosen;
  if (first !== undefined && second !== undefined)
    throw new EvpipeError('EVPIPE_OPTION', `${first} and ${second} cannot be combined`, {
      kind: 'usage',
      todo: 'Leave out one of them.',
    });
  if (since === undefined) return undefined;
  const text = String(since);
  // A number alone is a version.
  const agoMs = /[a-z]$/.test(text) ? durationOf(text) : undefined;
  return agoMs === undefined ? text : new Date(Date.now() - agoMs).toISOString();
}

function numberUpTo(value: unknown, option: string, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(String(value).replace(/%$/, ''));
  if (number > 0 && number <= most) return number;
  throw new EvpipeError('EVPIPE_OPTION', `${option} ${String(value)} is not a number above 0, up to ${most}`, {
    kind: 'usage',
  });
}
