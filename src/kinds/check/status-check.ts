import { readToEnd } from '../../clients/kafka/read-topic.js';
import type { CheckReport, Finding } from '../../consistency/report.js';
import { TransitionFold, type Violation } from '../../consistency/transitions.js';
import type { Located } from '../../pipeline/pipeline.js';
import { counted } from '../../support/counted.js';
import { pause } from '../../support/retry.js';
import type { Session } from '../session.js';
import { valueDecoder } from '../subject/client.js';
import { kafkaClient } from '../topic/client.js';
import { processTrouble } from './check-wiring.js';
import type { StagesSection } from './section.js';
import { keyOfRecord, statusOfValue } from './status-record.js';
import { READ_AGAIN_MS, type StatusOptions, settleTables, type TablesNow } from './status-tables.js';

type Check = Located & StagesSection;

/**
 * Reads a status topic from its beginning and continues until every key that was there is final or stuck: illegal steps and stuck
 * keys are inconsistent, keys on their way are waited for as long as the rule gives them. Then the table of the same keys and the view of the
 * last statuses have to agree with the topic, once everything that was on its way to them has come.
 */
export async function confirmStatuses(check: Check, session: Session, options: StatusOptions): Promise<CheckReport> {
  const startedMs = performance.now();
  const fold = new TransitionFold(check);
  const next = new Map<number, bigint>();
  const readLast = async () => {
    await readOn(check, session, { fold, next, signal: options.signal });
    return fold.last();
  };
  const known = new Set((await readLast()).keys());
  while (fold.open(Date.now(), known).underWay > 0) {
    await pause(READ_AGAIN_MS, options.signal);
    await readLast();
  }
  const tables = await settleTables(check, session, readLast, options);
  const violations = [...fold.illegal, ...fold.open(Date.now(), known).stuck].filter(isOf(known));
  const findings = await findingsOf(violations, tables, check, session, options.differencesMax);
  return report(check, { keys: fold.keys, violations, tables, findings, elapsedMs: performance.now() - startedMs });
}

/** Of the keys that were there at the start; a record without a status belongs to none. */
const isOf =
  (known: ReadonlySet<string>) =>
  ({ key, kind }: Violation): boolean =>
    kind === 'unreadable' || known.has(key);

interface Reading {
  readonly fold: TransitionFold;
  /** By partition: the offset to go on at. */
  readonly next: Map<number, bigint>;
  readonly signal: AbortSignal;
}

async function readOn(check: Check, session: Session, { fold, next, signal }: Reading): Promise<void> {
  const [kafka, decoder] = await Promise.all([kafkaClient(session.clients), valueDecoder(session.clients)]);
  const from = (await kafka.offsets(check.topic, 'earliest')).map((start) => ({
    ...start,
    offset: next.get(start.partition) ?? start.offset,
  }));
  for await (const batch of readToEnd(kafka, check.topic, { from, signal })) {
    for (const record of batch.records) {
      const { value } = await decoder.decode(record.value, { topic: record.topic, part: 'value' });
      const { timestampMs, partition, offset } = record;
      const status = statusOfValue(value, check.field);
      fold.add({ key: keyOfRecord(record, value, check.key), status, timestampMs, partition, offset });
      next.set(partition, offset + 1n);
    }
  }
}

async function findingsOf(
  violations: readonly Violation[],
  { differing, held }: TablesNow,
  check: Check,
  session: Session,
  most: number,
): Promise<readonly Finding[]> {
  const listed = violations.slice(0, most);
  const unproven =
    held === undefined ? {} : ({ unproven: held.verdict === 'lagging' ? 'lagging' : 'inconclusive' } as const);
  return [
    ...(await Promise.all(listed.map((one) => findingOf(one, check, session)))),
    ...differing.slice(0, most - listed.length).map((one) => ({ ...one, ...unproven })),
  ];
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

interface Found {
  readonly keys: number;
  readonly violations: readonly Violation[];
  readonly tables: TablesNow;
  readonly findings: readonly Finding[];
  readonly elapsedMs: number;
}

function report(check: Check, { keys, violations, tables, findings, elapsedMs }: Found): CheckReport {
  const { differing, held, way } = tables;
  const count = (kind: Finding['kind']): number => differing.filter((one) => one.kind === kind).length;
  const total = violations.length + differing.length;
  const proven = keys === 0 && !check.allowEmpty ? 'empty' : 'consistent';
  const verdict = total === 0 ? proven : violations.length > 0 ? 'inconsistent' : (held?.verdict ?? 'inconsistent');
  return {
    check: check.name,
    kind: 'stages',
    verdict,
    ...(total === 0
      ? { summary: verdict === 'empty' ? 'no key is on the topic, which proves nothing' : counted(keys, 'key') }
      : { why: whyOf(violations, tables) }),
    source: check.topic,
    replica: '',
    sourceRows: keys,
    replicaRows: 0,
    missing: count('missing'),
    extra: count('extra'),
    different: violations.length + count('different'),
    ...(findings.length < total ? { listed: findings.length } : {}),
    compared: [check.field],
    skipped: [],
    way,
    findings,
    elapsedMs,
  };
}

function whyOf(violations: readonly Violation[], { differing, held }: TablesNow): string {
  const stuck = violations.filter(({ kind }) => kind === 'stuck').length;
  const parts = [`${violations.length - stuck} illegal steps, ${stuck} keys stuck`];
  if (differing.length > 0) parts.push(`, ${differing.length} differ in a table`);
  if (held?.why !== undefined) parts.push(`; ${held.why}`);
  return parts.join('');
}
