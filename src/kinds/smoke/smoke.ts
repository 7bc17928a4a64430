import type { PartitionPosition } from '../../clients/kafka/contract.js';
import type { CheckReport } from '../../consistency/report.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import type { ReferenceValues } from '../../pipeline/pipeline.js';
import { type ErrorKind, EvpipeError, messageOf, type SourceLocation } from '../../support/errors.js';
import { endingOf } from '../check/ending.js';
import type { Session } from '../session.js';
import { failureOf } from '../walk.js';
import { checksAgree, connectorsRun, type Lags, lagDoesNotGrow, measureLags, pollingOutboxes } from './built-in.js';
import { expectRecord, expectRow, topicEnd } from './expect.js';
import { expectDocument } from './expect-document.js';
import { sendRequests } from './requests.js';
import type { SmokeExpectation, SmokeSection } from './section.js';
import { fillIn, textOf } from './template.js';

/** One thing that was tried. */
export interface SmokeCase {
  readonly name: string;
  readonly kind: 'declared' | 'built-in' | 'check';
  /** `inconclusive`: it could not be judged; `ending` says which way. */
  readonly verdict: 'passed' | 'failed' | 'inconclusive';
  readonly ending: ErrorKind | undefined;
  /** What was seen where it passed, in a few words; else why not, possibly several lines. */
  readonly detail: string;
  readonly todo?: string;
  readonly location?: SourceLocation;
  readonly elapsedMs: number;
  readonly report?: CheckReport;
}

export interface SmokeOptions {
  /** Of declared tests, or `connectors`, `lag`, `checks`; empty: all. */
  readonly only: readonly string[];
  /** Instead of each test's own `within`, and for the checks. */
  readonly deadlineMs?: number | undefined;
  /** Called for each as it ends. */
  ended(one: SmokeCase): void;
}

const BUILT_IN = ['connectors', 'lag', 'checks'] as const;

/**
 * Runs the declared tests side by side, then what has to hold of every pipeline: no failed connector, no growing lag, all
 * checks consistent. What fails is in the cases; throws EVPIPE_SMOKE_UNKNOWN (kind usage) and the signal's reason.
 */
export async function smoke(session: Session, options: SmokeOptions): Promise<readonly SmokeCase[]> {
  const { pipeline, signal } = session;
  const names = select(session, options.only);
  const cases: SmokeCase[] = [];
  const add = (one: SmokeCase): void => {
    cases.push(one);
    options.ended(one);
  };
  const before: Lags = names.has('lag') ? await measureLags(session).catch(() => new Map()) : new Map();
  const declared = pipeline.smoke.filter(({ name }) => names.has(name));
  await Promise.all(declared.map(async (one) => add(await runDeclared(one, session, options))));
  signal.throwIfAborted();
  const builtIn = (name: (typeof BUILT_IN)[number], work: () => Promise<string>): Promise<void>[] =>
    names.has(name) ? [judge({ name, kind: 'built-in' }, session, work).then(add)] : [];
  const checks = async (): Promise<void> => {
    for (const one of await checkCases(session, options)) add(one);
  };
  await Promise.all([
    ...builtIn('connectors', () => connectorsRun(session)),
    ...builtIn('lag', () => lagDoesNotGrow(before, session)),
    ...(names.has('checks') ? [checks()] : []),
  ]);
  signal.throwIfAborted();
  return cases;
}

function select({ pipeline }: Session, only: readonly string[]): ReadonlySet<string> {
  const readers = [
    ...pipeline.services.filter(({ consumes }) => consumes !== undefined),
    ...(pipeline.ksqldb?.migrations ?? []),
    ...pollingOutboxes(pipeline),
  ];
  const there = { connectors: pipeline.connectors, lag: readers, checks: pipeline.checks };
  const known = [...pipeline.smoke.map(({ name }) => name), ...BUILT_IN.filter((name) => there[name].length > 0)];
  const unknown = only.find((name) => !known.includes(name));
  if (unknown === undefined) return new Set(only.length === 0 ? known : only);
  throw new EvpipeError('EVPIPE_SMOKE_UNKNOWN', `there is no smoke test ${unknown}${didYouMean(unknown, known)}`, {
    kind: 'usage',
  });
}

type Told = Pick<SmokeCase, 'name' | 'kind' | 'location'>;

/** The work's outcome as a case: what can't be reached or takes too long to answer says nothing about the pipeline's data. */
async function judge(told: Told, { signal }: Session, work: () => Promise<string>): Promise<SmokeCase> {
  const startedMs = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedMs);
  try {
    const detail = await work();
    return { ...told, verdict: 'passed', ending: undefined, detail, elapsedMs: elapsedMs() };
  } catch (failure) {
    signal.throwIfAborted();
    const { message, todo, location } = failureOf(failure);
    const ending = failure instanceof EvpipeError ? failure.kind : 'defect';
    const open = ending === 'unreachable' || ending === 'deadline';
    const place = location ?? told.location;
    return {
      ...told,
      verdict: open ? 'inconclusive' : 'failed',
      ending: open ? ending : 'failed',
      detail: message,
      ...(todo === undefined ? {} : { todo }),
      ...(place === undefined ? {} : { location: place }),
      elapsedMs: elapsedMs(),
    };
  }
}

function runDeclared(section: SmokeSection, session: Session, options: SmokeOptions): Promise<SmokeCase> {
  const { name, location } = section;
  return judge({ name, kind: 'declared', location }, session, async () => {
    const starts = await Promise.all(
      section.expect.map((one) => (one.kind === 'record' ? topicEnd(one.topic, session) : [])),
    );
    const values = await session.references('host', 'reader');
    const answer = await sendRequests(section, session, values);
    const deadline = AbortSignal.timeout(options.deadlineMs ?? section.withinMs);
    const seen = await allMet(
      section.expect.map((one, index) =>
        located(section, index, () => {
          const filled = fillExpectation(one, values, answer.body);
          return meet(filled, starts[index] ?? [], session, deadline);
        }),
      ),
    );
    return [...answer.said, ...seen].join(', ');
  });
}

/** What all of them have seen; where some fail, one error says so of each, at the place of the first. */
async function allMet(expectations: readonly Promise<string>[]): Promise<readonly string[]> {
  const outcomes = await Promise.allSettled(expectations);
  const failures = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const [first] = failures;
  if (failures.length === 0) return outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (failures.length === 1 || !(first instanceof EvpipeError)) throw first;
  const { code, kind, todo, location } = first;
  throw new EvpipeError(code, failures.map(messageOf).join('\n'), {
    kind,
    cause: first,
    ...(todo === undefined ? {} : { todo }),
    ...(location === undefined ? {} : { location }),
  });
}

function meet(
  expected: SmokeExpectation,
  start: readonly PartitionPosition[],
  session: Session,
  deadline: AbortSignal,
): Promise<string> {
  switch (expected.kind) {
    case 'record':
      return expectRecord(expected, start, session, deadline);
    case 'row':
      return expectRow(expected, session, deadline);
    case 'document':
      return expectDocument(expected, session, deadline);
  }
}

/** A failure gets the place of its expectation in the file. */
async function located<T>(section: SmokeSection, index: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.location !== undefined) throw failure;
    const { code, message, kind, todo } = failure;
    throw new EvpipeError(code, message, {
      kind,
      cause: failure,
      location: section.locationOf('expect', String(index)),
      ...(todo === undefined ? {} : { todo }),
    });
  }
}

function fillExpectation(one: SmokeExpectation, values: ReferenceValues, response: unknown): SmokeExpectation {
  const filled = <T>(part: T): T => fillIn(part, values, response) as T;
  if (one.kind === 'row') return { ...one, where: filled(one.where), row: filled(one.row) };
  if (one.kind === 'document') return { ...one, where: filled(one.where), document: filled(one.document) };
  return {
    ...one,
    key: one.key === undefined ? undefined : textOf(filled<unknown>(one.key)),
    value: filled(one.value),
  };
}

async function checkCases(session: Session, options: SmokeOptions): Promise<readonly SmokeCase[]> {
  let reports: readonly CheckReport[] = [];
  const whole = await judge({ name: 'checks', kind: 'built-in' }, session, async () => {
    reports = await checksAgree(session, options.deadlineMs);
    return '';
  });
  if (whole.verdict !== 'passed') return [whole];
  return reports.map((report): SmokeCase => {
    const { check, verdict, why, todo, summary, sourceRows, elapsedMs } = report;
    const location = report.location ?? session.pipeline.checks.find(({ name }) => name === check)?.location;
    return {
      name: check,
      kind: 'check',
      verdict: verdict === 'consistent' ? 'passed' : verdict === 'inconsistent' ? 'failed' : 'inconclusive',
      ending: endingOf(report),
      detail:
        verdict === 'consistent'
          ? `consistent${report.keysOnly === true ? ' (keys only)' : ''}${report.kind === 'compare' ? `, ${sourceRows} rows` : summary === undefined ? '' : `, ${summary}`}`
          : `${verdict}${why === undefined ? '' : `: ${why}`}`,
      ...(todo === undefined ? {} : { todo }),
      ...(location === undefined ? {} : { location }),
      elapsedMs: Math.round(elapsedMs),
      report,
    };
  });
}
