import { readToEnd } from '../../clients/kafka/read-topic.js';
import type { CheckReport, Finding } from '../../consistency/report.js';
import { TransitionFold, type Violation } from '../../consistency/transitions.js';
import type { Located } from '../../pipeline/pipeline.js';
import { pause } from '../../support/retry.js';
import type { Session } from '../session.js';
import { valueDecoder } from '../subject/client.js';
import { kafkaClient } from '../topic/client.js';
import { processTrouble } from './check-wiring.js';
import type { StagesSection } from './section.js';
import { stagesBehind } from './status-lag.js';
import { keyOfRecord, statusOfValue } from './status-record.js';
import { readKeys, readView } from './status-view.js';

const READ_AGAIN_MS = 500;
/** A table beside the topic is read later than the topic: so long it may take to agree. */
const SETTLE_MS = 10_000;

type Check = Located & StagesSection;

/**
 * Reads a status topic from its beginning and continues until every key that was there is final or stuck: illegal steps and stuck
 * keys are inconsistent, keys on their way are waited for as long as the rule gives them. Then the table of the same keys and the view of the
 * last statuses have to agree with the topic, within a moment or half of the deadline; what they lack while a stage that leads there is behind
 * is under way.
 */
export async function confirmStatuses(check: Check, session: Session, deadlineMs: number): Promise<CheckReport> {
  const startedMs = performance.now();
  const fold = new TransitionFold(check);
  const next = new Map<number, bigint>();
  let settledMs: number | undefined;
  let known: ReadonlySet<string> | undefined;
  let differing: readonly Finding[] | undefined;
  for (;;) {
    await readOn(check, session, fold, next);
    known ??= new Set(fold.last().keys());
    const { underWay, stuck } = fold.open(Date.now(), known);
    if (underWay === 0) {
      settledMs ??= performance.now();
      const violations = [...fold.illegal, ...stuck].filter(isOf(known));
      differing = stillDiffering(differing, await compareTables(check, session, fold));
      const waited = performance.now() - settledMs;
      // What is stuck or illegal stays so; what differs beside it may only be late.
      if (differing.length === 0 || waited > Math.min(SETTLE_MS, deadlineMs / 2)) {
        const mayCome =
          violations.length === 0 && differing.length > 0 && differing.every(({ kind }) => kind !== 'extra');
        const behind = mayCome ? await stagesBehind(check, session) : [];
        if (behind.length === 0 && mayCome) {
          // All that was given to them has arrived by now, and is looked at once more.
          await readOn(check, session, fold, next);
          differing = stillDiffering(differing, await compareTables(check, session, fold));
        }
        if (behind.length === 0 || waited > deadlineMs / 2) {
          const findings = [
            ...(await Promise.all(violations.map((one) => findingOf(one, check, session)))),
            ...differing,
          ];
          const elapsedMs = performance.now() - startedMs;
          return report(check, fold, { violations, differing, findings, behind, elapsedMs });
        }
      }
    }
    await pause(READ_AGAIN_MS, session.signal);
  }
}

/** Of the keys that were there at the start; a record without a status belongs to none. */
const isOf =
  (known: ReadonlySet<string>) =>
  ({ key, kind }: Violation): boolean =>
    kind === 'unreadable' || known.has(key);

/** What differs in one look after the other: while keys flow, others are late in each. */
function stillDiffering(before: readonly Finding[] | undefined, now: readonly Finding[]): readonly Finding[] {
  if (before === undefined) return now;
  const known = new Set(before.map(({ key }) => key.join()));
  return now.filter(({ key }) => known.has(key.join()));
}

async function readOn(check: Check, session: Session, fold: TransitionFold, next: Map<number, bigint>): Promise<void> {
  const [kafka, decoder] = await Promise.all([kafkaClient(session.clients), valueDecoder(session.clients)]);
  const from = (await kafka.offsets(check.topic, 'earliest')).map((start) => ({
    ...start,
    offset: next.get(start.partition) ?? start.offset,
  }));
  for await (const batch of readToEnd(kafka, check.topic, { from, signal: session.signal })) {
    for (const record of batch.records) {
      const { value } = await decoder.decode(record.value, { topic: record.topic, part: 'value' });
      const { timestampMs, partition, offset } = record;
      const status = statusOfValue(value, check.field);
      fold.add({ key: keyOfRecord(record, value, check.key), status, timestampMs, partition, offset });
      next.set(partition, offset + 1n);
    }
  }
}

/** What the table of the same keys and the view say differently than the topic. */
async function compareTables(check: Check, session: Session, fold: TransitionFold): Promise<readonly Finding[]> {
  const last = fold.last();
  const found: Finding[] = [];
  if (check.keys !== undefined) {
    const keys = await readKeys(check.keys, session);
    const where = `${check.keys.database}.${check.keys.table}`;
    for (const key of keys) if (!last.has(key)) found.push({ kind: 'missing', key: [key], columns: [] });
    for (const key of last.keys())
      if (!keys.has(key))
        found.push({
          kind: 'extra',
          key: [key],
          columns: [{ column: 'row', source: null, replica: `not in ${where}` }],
        });
  }
  if (check.view === undefined) return found;
  const view = await readView(check.view, session);
  for (const key of new Set([...last.keys(), ...view.keys()])) {
    const [onTopic, inView] = [last.get(key), view.get(key)];
    if (onTopic !== undefined && inView !== undefined && String(onTopic) === inView) continue;
    const [source, replica] = [onTopic === undefined ? null : String(onTopic), inView ?? null];
    found.push({ kind: 'different', key: [key], columns: [{ column: 'view', source, replica }] });
  }
  return found;
}

async function findingOf({ key, kind, detail, status }: Violation, check: Check, session: Session): Promise<Finding> {
  const waits = status === undefined ? undefined : await waitsFor(status, check, session);
  const replica = waits === undefined ? detail : `${detail}, waits for ${waits}`;
  return { kind: 'different', key: [key], columns: [{ column: kind, source: null, replica }] };
}

/** Who has to report the next status, and what is wrong with it. */
async function waitsFor(status: string | number, check: Check, session: Session): Promise<string | undefined> {
  const after = check.transitions.filter(([from]) => String(from) === String(status)).map(([, to]) => String(to));
  const services = [...new Set(after.flatMap((to) => check.reportedBy.get(to) ?? []))];
  if (services.length === 0) return undefined;
  const troubles = await Promise.all(services.map((name) => processTrouble(name, session)));
  return services
    .map((name, index) => (troubles[index] === undefined ? name : `${name} (${troubles[index]?.says})`))
    .join(', ');
}

function report(
  check: Check,
  fold: TransitionFold,
  {
    violations,
    differing,
    findings,
    behind,
    elapsedMs,
  }: {
    readonly violations: readonly Violation[];
    readonly differing: readonly Finding[];
    readonly findings: readonly Finding[];
    readonly behind: readonly string[];
    readonly elapsedMs: number;
  },
): CheckReport {
  const stuck = violations.filter(({ kind }) => kind === 'stuck').length;
  const late = behind.length === 0 ? '' : `; ${behind.join('; ')}`;
  const why = `${violations.length - stuck} illegal steps, ${stuck} keys stuck${differing.length === 0 ? '' : `, ${differing.length} differ in a table`}${late}`;
  return {
    check: check.name,
    kind: 'stages',
    verdict: findings.length === 0 ? 'consistent' : behind.length > 0 ? 'lagging' : 'inconsistent',
    ...(findings.length === 0 ? { summary: `${fold.keys} keys` } : { why }),
    source: check.topic,
    replica: '',
    sourceRows: fold.keys,
    replicaRows: 0,
    missing: differing.filter(({ kind }) => kind === 'missing').length,
    extra: differing.filter(({ kind }) => kind === 'extra').length,
    different: findings.filter(({ kind }) => kind === 'different').length,
    compared: [check.field],
    skipped: [],
    way: [],
    findings,
    elapsedMs,
  };
}
