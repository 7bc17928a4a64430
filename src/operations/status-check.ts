import type { KafkaRecord } from '../clients/kafka/contract.js';
import { readToEnd } from '../clients/kafka/read-topic.js';
import type { CheckReport, Finding } from '../consistency/report.js';
import { type Status, TransitionFold } from '../consistency/transitions.js';
import type { Located, StagesSection } from '../pipeline/pipeline.js';
import { pause } from '../support/retry.js';
import type { Session } from './session.js';

const READ_AGAIN_MS = 500;

/**
 * Reads a status topic from its beginning and goes on until every key is final or stuck: illegal steps and stuck keys are
 * inconsistent, keys on their way are waited for as long as the rule gives them.
 */
export async function confirmStatuses(check: Located & StagesSection, session: Session): Promise<CheckReport> {
  const startedMs = performance.now();
  const [kafka, decoder] = await Promise.all([session.clients.kafka(), session.clients.decoder()]);
  const fold = new TransitionFold({ transitions: check.transitions, final: check.final, withinMs: check.withinMs });
  const next = new Map<number, bigint>();
  for (;;) {
    const starts = (await kafka.offsets(check.topic, 'earliest')).map((start) => ({
      ...start,
      offset: next.get(start.partition) ?? start.offset,
    }));
    for await (const batch of readToEnd(kafka, check.topic, { from: starts, signal: session.signal })) {
      for (const record of batch.records) {
        const decoded = await decoder.decode(record.value, { topic: record.topic, part: 'value' });
        fold.add(statusRecord(check, record, decoded.value));
        next.set(record.partition, record.offset + 1n);
      }
    }
    const { underWay, stuck } = fold.open(Date.now());
    if (underWay === 0) return report(check, fold, stuck, performance.now() - startedMs);
    await pause(READ_AGAIN_MS, session.signal);
  }
}

function statusRecord(check: StagesSection, record: KafkaRecord, value: unknown) {
  const fields = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const status = fields[check.field];
  const key = check.key === 'key' ? (record.key?.toString('utf8') ?? '') : String(fields[check.key] ?? '');
  return {
    key,
    status: typeof status === 'string' || typeof status === 'number' ? (status as Status) : undefined,
    timestampMs: record.timestampMs,
    partition: record.partition,
    offset: record.offset,
  };
}

function report(
  check: Located & StagesSection,
  fold: TransitionFold,
  stuck: TransitionFold['illegal'],
  elapsedMs: number,
): CheckReport {
  const violations = [...fold.illegal, ...stuck];
  const findings = violations.map(
    ({ key, kind, detail }): Finding => ({
      kind: 'different',
      key: [key],
      columns: [{ column: kind, source: null, replica: detail }],
    }),
  );
  return {
    check: check.name,
    kind: 'stages',
    verdict: violations.length === 0 ? 'consistent' : 'inconsistent',
    ...(violations.length === 0 ? {} : { why: `${fold.illegal.length} illegal steps, ${stuck.length} keys stuck` }),
    source: check.topic,
    replica: '',
    sourceRows: fold.keys,
    replicaRows: 0,
    missing: 0,
    extra: 0,
    different: violations.length,
    compared: [check.field],
    skipped: [],
    way: [],
    findings,
    elapsedMs,
  };
}
