import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Emit } from '../../kinds/events.js';
import type { Session } from '../../kinds/session.js';
import type { SmokeCase } from '../../kinds/smoke/smoke.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import type { Line, Span } from '../../ui/text/line.js';
import type { CommandCall, CommandEntry, CommonOptions } from '../command.js';
import { confirmRelease } from '../confirm-release.js';
import { jsonLine } from '../event-printers.js';
import { EXIT, EXIT_OF_KIND, worstExit } from '../exit-codes.js';
import type { TestCase } from '../junit.js';
import { openPipeline } from '../open-pipeline.js';
import { printerFor, timeoutMs, withSession } from '../session.js';
import type { Shell } from '../shell.js';
import { reportTests, testOfCheck } from '../test-report.js';
import { downText } from './down.js';
import { exitCodeOf } from './up.js';

const NAME_COLUMNS = 32;
/** Below this many columns details begin right after names, and go on below them. */
const WIDE_COLUMNS = 76;

export const smokeCommand: CommandEntry = {
  name: 'smoke [names...]',
  summary: 'test the pipeline end to end: declared requests and their effects, connectors, lag and checks',
  examples: [
    'smoke',
    'smoke pipelines/person-planning --up --down',
    'smoke a-new-person-reaches-planning',
    'smoke --junit smoke.xml',
  ],
  declare: (command) =>
    command
      .option('--junit <file>', 'also write the results as JUnit XML')
      .option('--up', 'bring the pipeline up first')
      .option('--seed', 'with --up: also create seed data on servers with an address')
      .option(
        '--down',
        'bring it down afterwards, whatever happened; also remove its data if --up created it, asking first as down --volumes does',
      ),
  endsInOrder: ({ down }) => down === true,
  run: async (call) => {
    const { shell, options } = call;
    const { file, names } = operandsOf(call);
    const pipeline = await openPipeline(shell, options, file);
    const fromNothing = options.up === true && !existsSync(pipeline.stateFolder);
    const emit = options.output === 'json' ? (event: unknown) => shell.out(jsonLine(event)) : notesOnly(shell, options);
    return withSession(pipeline, { shell, options, emit, waitsForSilent: true }, async (session) => {
      if (options.down === true && fromNothing) await confirmRelease(session, shell, options);
      try {
        const brought = options.up === true ? await bringUp(session, call) : EXIT.done;
        return brought === EXIT.done ? await runSmoke(session, call, names) : brought;
      } finally {
        if (options.down === true) await bringDown(session, call, fromNothing);
      }
    });
  },
};

/** Of what happens meanwhile: the results are printed as they come. */
const notesOnly =
  (shell: Shell, { quiet }: CommonOptions): Emit =>
  (event) => {
    if (event.kind === 'note' && quiet !== true) shell.err(`  ! ${event.message}\n`);
  };

/** A first operand that is a folder or file names the pipeline, as in other commands; tests are never called so. */
function operandsOf({ shell, options, rest: operands }: CommandCall): {
  readonly file: string | undefined;
  readonly names: readonly string[];
} {
  const [first, ...rest] = operands;
  const isPath = first !== undefined && options.file === undefined && /^\.|\/|\.ya?ml$/.test(first);
  const isFolder = first !== undefined && existsSync(join(shell.cwd, first, 'evpipe.yaml'));
  if (isPath || (isFolder && options.file === undefined)) return { file: first, names: rest };
  return { file: undefined, names: first === undefined ? [] : [first, ...rest] };
}

/** Exit code of `up` without its checks: the smoke run has them. A failure is a test of the JUnit file too. */
async function bringUp(session: Session, { shell, options }: CommandCall): Promise<number> {
  const { up } = await import('../../operations/up/up.js');
  const printer = await printerFor(shell, options);
  const startedMs = performance.now();
  const failed = async (cause: unknown): Promise<void> => {
    const message = messageOf(cause);
    const location = cause instanceof EvpipeError ? cause.location : undefined;
    const elapsedMs = performance.now() - startedMs;
    const one: TestCase = { name: 'up', outcome: 'error', message, detail: message, location, elapsedMs };
    await reportTests(shell, { suite: session.pipeline.name, junit: options.junit, cases: async () => [one] });
  };
  try {
    const upSession = { ...session, emit: printer.emit };
    const slices = new Set(['services', 'streams', 'seed'] as const);
    const result = await up(upSession, {
      slices,
      seedsAddressed: options.seed === true,
      verify: false,
      deadlineMs: timeoutMs(options),
    });
    if (result.failure !== undefined) await failed(result.failure.cause);
    return exitCodeOf(result);
  } catch (cause) {
    if (!shell.signal.aborted) await failed(cause);
    throw cause;
  } finally {
    await printer.end();
  }
}

async function bringDown(session: Session, { shell, options }: CommandCall, volumes: boolean): Promise<void> {
  const { down } = await import('../../operations/run/down.js');
  const result = await down(session, { volumes });
  if (options.quiet !== true && options.output !== 'json') shell.err(downText(result, volumes, shell.self));
}

async function runSmoke(session: Session, { shell, options }: CommandCall, only: readonly string[]): Promise<number> {
  const { smoke } = await import('../../kinds/smoke/smoke.js');
  const startedMs = performance.now();
  const print = await casePrinter({ shell, options });
  const cases = await smoke(session, {
    only,
    deadlineMs: timeoutMs(options),
    ended: print,
  });
  const exitCode = worstExit(cases.map(({ ending }) => (ending === undefined ? EXIT.done : EXIT_OF_KIND[ending])));
  const elapsedMs = Math.round(performance.now() - startedMs);
  if (options.output === 'json') shell.out(jsonLine({ kind: 'result', exitCode, elapsedMs }));
  else if (options.quiet !== true) shell.out(`\n${summary(cases)} in ${(elapsedMs / 1000).toFixed(1)} s.\n`);
  await reportTests(shell, {
    suite: session.pipeline.name,
    junit: options.junit,
    cases: () => Promise.all(cases.map((one) => testOf(one, session))),
  });
  return exitCode;
}

async function casePrinter({
  shell,
  options,
}: Pick<CommandCall, 'shell' | 'options'>): Promise<(one: SmokeCase) => void> {
  if (options.output === 'json') {
    return ({ report: _, kind, ...one }) => shell.out(jsonLine({ kind: 'smoke', of: kind, ...one }));
  }
  const { checkReportLines } = await import('../../ui/text/check-report.js');
  const { duration } = await import('../../ui/text/quantities.js');
  const [{ line, span }, { printLine }] = await Promise.all([
    import('../../ui/text/line.js'),
    import('../print-line.js'),
  ]);
  return ({ name, verdict, detail, todo, location, elapsedMs, report }) => {
    const tone = verdict === 'passed' ? 'good' : verdict === 'failed' ? 'bad' : 'wait';
    const sign = { passed: '✓', failed: '✗', inconclusive: '?' }[verdict];
    const isWide = (shell.columns ?? WIDE_COLUMNS) >= WIDE_COLUMNS;
    const head = isWide ? ` ${name.padEnd(NAME_COLUMNS)}  ` : ` ${name}  `;
    const indent = isWide ? NAME_COLUMNS + 6 : 6;
    const say = (...parts: readonly (string | Span)[]): void => printLine(line(...parts), { shell, indent: 6 });
    if (verdict === 'passed') {
      const passed = line('  ', span(sign, tone), `${head}${detail}  `, span(duration(elapsedMs), 'dim'));
      printLine(passed, { shell, indent });
      return;
    }
    say('  ', span(sign, tone), head, span(duration(elapsedMs), 'dim'));
    const more: readonly Line[] =
      report === undefined
        ? detail.split('\n').map((text) => line(text))
        : checkReportLines(report, 16, (shell.columns ?? 166) - 6);
    for (const one of more) say('      ', ...one);
    if (location !== undefined) say(`      ${location.file}:${location.line}:${location.column}`);
    if (todo !== undefined) say(`      ${todo}`);
  };
}

function summary(cases: readonly SmokeCase[]): string {
  const passed = cases.filter(({ verdict }) => verdict === 'passed').length;
  return passed === cases.length ? `All ${passed} passed` : `${passed} of ${cases.length} passed`;
}

function testOf(one: SmokeCase, { pipeline }: Session): Promise<TestCase> | TestCase {
  if (one.report !== undefined) return testOfCheck(one.report, pipeline);
  const { name, verdict, detail, todo, location, elapsedMs } = one;
  return {
    name,
    outcome: verdict === 'passed' ? 'passed' : verdict === 'failed' ? 'failure' : 'error',
    message: detail.split('\n')[0] ?? '',
    detail: todo === undefined ? detail : `${detail}\n${todo}`,
    location,
    elapsedMs,
  };
}
