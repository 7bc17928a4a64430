import { relative } from 'node:path';
import type { OperationEvent } from '../../kinds/events.js';
import type { Link, Slice } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';
import type { UpOptions, UpResult } from '../../operations/up/up.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import { adoptOption } from '../adopt-option.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT, EXIT_OF_KIND, exitOfReports } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { reportError } from '../report-error.js';
import { printerFor, timeoutMs, withSession } from '../session.js';
import type { Shell } from '../shell.js';

const ALL: readonly Slice[] = ['services', 'streams', 'seed'];

export const upCommand: CommandEntry = {
  name: 'up [pipeline]',
  summary: 'bring everything up in order, seed it, and prove that the replicas agree',
  examples: ['up pipelines/person-planning', 'up --watch', 'up --no-seed --output json'],
  declare: (command) =>
    adoptOption(command)
      .option('--attach', 'stay in the foreground and bring it down on Ctrl-C')
      .option(
        '--watch',
        'stay, and bring up again what changes: restarts services whose files do; Ctrl-C ends only the watching',
      )
      .option('--seed', 'also create seed data on servers with an address')
      .option('--no-seed', 'create no seed data')
      .option('--no-verify', 'run no checks'),
  endsInOrder: ({ attach }) => attach === true,
  run: (call) => {
    const slices = call.options.seed === false ? ALL.filter((slice) => slice !== 'seed') : ALL;
    const seedsAddressed = call.options.seed === true;
    const work = { slices: new Set(slices), verify: call.options.verify !== false, seedsAddressed };
    return call.options.watch === true ? watched(call, work) : runUp(call, work);
  },
};

/** Again and again: what fails is told, and looked at again with the next change. */
async function watched(call: CommandCall, work: Omit<UpOptions, 'deadlineMs'>): Promise<number> {
  const {
    shell,
    options,
    operands: [operand],
  } = call;
  if (options.attach === true)
    throw new EvpipeError('EVPIPE_UP_STAYS', 'use only one of --watch and --attach', { kind: 'usage' });
  const { FileWatch, watchedFiles } = await import('../../operations/up/watch.js');
  const open = () => openPipeline(shell, { ...options, quiet: true }, operand);
  let pipeline = await open();
  for (;;) {
    // What is saved while it works counts as well.
    const files = new FileWatch(watchedFiles(pipeline), shell.signal);
    await tried(call, () => runUp(call, work));
    if (shell.signal.aborted) return EXIT.done;
    shell.err('\nWatching files; Ctrl-C ends it.\n');
    const changed = await files.nextChange();
    if (changed === undefined) return EXIT.done;
    const names = [...new Set(changed.map(({ path }) => relative(pipeline.folder, path)))];
    shell.err(`\nChanged: ${names.join(', ')}\n`);
    pipeline = await open().catch(() => pipeline); // what is wrong with the file, `up` tells
    const services = new Set(changed.flatMap(({ service }) => service ?? []));
    await tried(call, () => restarted(call, pipeline, [...services]));
  }
}

async function tried({ shell, options }: CommandCall, work: () => Promise<number>): Promise<void> {
  try {
    await work();
  } catch (failure) {
    if (!shell.signal.aborted)
      reportError(failure, shell, { verbose: options.verbose === true, json: options.output === 'json' });
  }
}

async function restarted(
  { shell, options }: CommandCall,
  pipeline: Pipeline,
  services: readonly string[],
): Promise<number> {
  if (services.length === 0) return EXIT.done;
  const { startStop } = await import('../../operations/run/start-stop.js');
  return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
    for (const name of services) await startStop(session, 'restart', name);
    return EXIT.done;
  });
}

export const initServicesCommand: CommandEntry = {
  name: 'init-services [pipeline]',
  summary: 'bring up databases, migrations, topics, schemas and services, and wait until all are ready',
  examples: ['init-services pipelines/person-planning'],
  declare: adoptOption,
  run: (call) => runUp(call, { slices: new Set<Slice>(['services']), verify: false }),
};

export const initKsqldbCommand: CommandEntry = {
  name: 'init-ksqldb [pipeline]',
  summary: 'bring up connectors and run ksqlDB migrations, each statement once',
  examples: ['init-ksqldb pipelines/person-planning'],
  declare: adoptOption,
  run: (call) => runUp(call, { slices: new Set<Slice>(['streams']), verify: false }),
};

export const seedCommand: CommandEntry = {
  name: 'seed [pipeline]',
  summary: 'create the declared seed data through the services; existing data is left alone',
  examples: ['seed pipelines/person-planning'],
  declare: adoptOption,
  run: (call) => runUp(call, { slices: new Set<Slice>(['seed']), verify: false, seedsAddressed: true }),
};

async function runUp(
  { shell, options, operands: [operand] }: CommandCall,
  work: Omit<UpOptions, 'deadlineMs'>,
): Promise<number> {
  const pipeline = await openPipeline(shell, options, operand);
  const printer = await printerFor(shell, options);
  const emit = (event: OperationEvent): void => printer.emit(event);
  return withSession(pipeline, { shell, options, emit, waitsForSilent: true }, async (session) => {
    const { up } = await import('../../operations/up/up.js');
    let result: UpResult;
    try {
      result = await up(session, { ...work, deadlineMs: timeoutMs(options) });
    } catch (failure) {
      if (options.attach === true && shell.signal.aborted) await session.target.shutdown({ volumes: false });
      throw failure;
    } finally {
      await printer.end();
    }
    const exitCode = exitCodeOf(result);
    if (options.output === 'json')
      shell.out(
        jsonLine({ kind: 'result', exitCode, changed: result.changed, elapsedMs: Math.round(result.elapsedMs) }),
      );
    else
      await printEnd(result, {
        shell,
        pipeline,
        quiet: options.quiet === true,
        links: await linksOf(session),
        runs: result.failure !== undefined && (await runsAnything(session)),
      });
    if (options.attach === true && result.failure === undefined)
      await attached(shell, () => session.target.shutdown({ volumes: false }));
    return exitCode;
  });
}

export function exitCodeOf({ failure, reports, seeded }: UpResult): number {
  if (failure !== undefined) {
    const kind = failure.cause instanceof EvpipeError ? failure.cause.kind : 'defect';
    return EXIT_OF_KIND[kind];
  }
  return exitOfReports(seeded ? reports : reports.filter(({ verdict }) => verdict !== 'empty'));
}

const REPORT_NAME_COLUMNS = 16;

/** What stands in front comes first. */
async function linksOf(session: Session): Promise<readonly Link[]> {
  const { operationsOf } = await import('../../kinds/kind.js');
  const all = await operationsOf(session.kinds);
  const links = await Promise.all(all.map(({ operations }) => operations.links?.(session) ?? []));
  return links.reverse().flat();
}

/** Of what evpipe starts; an engine that can't be asked runs nothing. */
async function runsAnything({ target }: Session): Promise<boolean> {
  const processes = await target.status().catch(() => []);
  return processes.some(({ provider, state }) => provider !== 'address' && state !== 'stopped' && state !== 'absent');
}

async function printEnd(
  result: UpResult,
  view: {
    readonly shell: Shell;
    readonly pipeline: Pipeline;
    readonly quiet: boolean;
    readonly links: readonly Link[];
    /** After a failure: some of it runs. */
    readonly runs: boolean;
  },
): Promise<void> {
  const { shell, pipeline, quiet, links, runs } = view;
  const again = shell.self;
  if (result.failure !== undefined) {
    const stopped = `Stopped at ${result.failure.step}; ${runs ? 'what was started is still running' : 'nothing runs'}.`;
    const { wrap } = await import('../../ui/text/line.js');
    const text = `${stopped} Fix the problem, then rerun \`${again} up\`.`;
    shell.err(`\n${(shell.columns === undefined ? [text] : wrap(text, shell.columns)).join('\n')}\n`);
    return;
  }
  const unsettled = result.reports.filter(({ verdict }) => verdict !== 'consistent');
  if (result.reports.length > 0 && !shell.interactive) {
    const { checkTable } = await import('../../ui/text/check-table.js');
    const { paint } = await import('../../ui/text/line.js');
    const { rowOf } = await import('../../kinds/check/verify-consistency.js');
    const rows = checkTable(result.reports.map(rowOf), shell.columns ?? 120);
    shell.out(`\n${rows.map((row) => `  ${paint(row, shell.color)}\n`).join('')}`);
    const { checkReportLines } = await import('../../ui/text/check-report.js');
    for (const report of unsettled) {
      const lines = checkReportLines(report, REPORT_NAME_COLUMNS, shell.columns ?? 160);
      shell.out(`\n${lines.map((line) => `${paint(line, shell.color)}\n`).join('')}`);
    }
  }
  if (quiet) return;
  const proven = result.reports.length > 0 && result.reports.every(({ verdict }) => verdict === 'consistent');
  const time = `${(result.elapsedMs / 1000).toFixed(1)} s`;
  const unchanged = result.changed ? '' : ' Nothing to change.';
  shell.out(
    `\n${proven ? `Proven in ${time}.` : `Done in ${time}.`}${unchanged} It keeps running; \`${again} down\` stops it.\n`,
  );
  const width = Math.max(0, ...links.map(({ name }) => name.length), 'next'.length) + 2;
  const urlWidth = Math.max(0, ...links.map(({ url }) => url.length)) + 3;
  for (const { name, url, note } of links)
    shell.out(`  ${name.padEnd(width)}${note === '' ? url : url.padEnd(urlWidth)}${note}\n`);
  const topic = pipeline.topics[0]?.name;
  const next =
    proven || result.reports.length === 0 ? (topic === undefined ? 'status' : `tail ${topic}`) : 'verify-consistency';
  shell.out(`  ${'next'.padEnd(width)}${again} ${next}\n`);
}

/** Waits for Ctrl-C, then brings it down: the interruption was asked for, so it is the ordinary end. */
async function attached(shell: Shell, down: () => Promise<void>): Promise<void> {
  if (!shell.signal.aborted)
    await new Promise<void>((resolve) => shell.signal.addEventListener('abort', () => resolve(), { once: true }));
  await down();
}
