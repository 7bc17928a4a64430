import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { CheckReport } from '../kinds/events.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { EvpipeError, messageOf } from '../support/errors.js';
import { junitXml, type TestCase } from './junit.js';
import type { Shell } from './shell.js';

/** The readers of results that CI has: a JUnit file where it was asked for, annotations where GitHub runs us. Throws EVPIPE_JUNIT_FILE. */
export async function reportTests(
  shell: Shell,
  run: { readonly suite: string; readonly junit: unknown; readonly cases: () => Promise<readonly TestCase[]> },
): Promise<void> {
  const annotates = shell.env.GITHUB_ACTIONS === 'true';
  if (typeof run.junit !== 'string' && !annotates) return;
  const cases = await run.cases();
  if (typeof run.junit === 'string') writeJunit(resolve(shell.cwd, run.junit), run.suite, cases);
  if (!annotates) return;
  for (const one of cases) if (one.outcome !== 'passed') shell.err(annotation(one, shell));
}

function writeJunit(file: string, suite: string, cases: readonly TestCase[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, junitXml(suite, cases));
  } catch (cause) {
    throw new EvpipeError('EVPIPE_JUNIT_FILE', `cannot write the JUnit file: ${messageOf(cause)}`, { cause });
  }
}

/** A workflow command of GitHub Actions: it shows the message at the line of the file. */
function annotation({ name, message, detail, location }: TestCase, shell: Shell): string {
  const workspace = shell.env.GITHUB_WORKSPACE ?? shell.cwd;
  const place =
    location === undefined
      ? ''
      : `file=${property(relative(workspace, resolve(shell.cwd, location.file)))},line=${location.line},col=${location.column},`;
  return `::error ${place}title=${property(name)}::${data(detail === '' ? message : detail)}\n`;
}

const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

const CHECK_NAME_COLUMNS = 16;
/** A file has room for all that there is to say. */
const UNBOUNDED = Number.POSITIVE_INFINITY;

const OUTCOMES: Readonly<Record<CheckReport['verdict'], TestCase['outcome']>> = {
  consistent: 'passed',
  inconsistent: 'failure',
  empty: 'error',
  lagging: 'error',
  inconclusive: 'error',
  refused: 'refused',
};

/** A check as a test: inconsistent is a failure, what could not be proven an error. */
export async function testOfCheck(report: CheckReport, pipeline: Pipeline): Promise<TestCase> {
  const { checkReportLines } = await import('../ui/text/check-report.js');
  const { textOf } = await import('../ui/text/line.js');
  const { check, verdict, why, location, elapsedMs } = report;
  return {
    name: check,
    outcome: OUTCOMES[verdict],
    message: why === undefined ? verdict : `${verdict}: ${why}`,
    detail: checkReportLines(report, CHECK_NAME_COLUMNS, UNBOUNDED, UNBOUNDED).map(textOf).join('\n'),
    location: location ?? pipeline.checks.find(({ name }) => name === check)?.location,
    elapsedMs,
  };
}
