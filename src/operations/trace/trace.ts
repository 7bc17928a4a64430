import { valueAt } from '../../clients/documents/field-value.js';
import { readToEnd } from '../../clients/kafka/read-topic.js';
import { checkNamed } from '../../kinds/check/check-named.js';
import type { CheckSection } from '../../kinds/check/section.js';
import { keyOfRecord, statusOfValue } from '../../kinds/check/status-record.js';
import { type FlowStage, flowEdges, stageKey, tablePlace } from '../../kinds/flow/flow.js';
import { ksqldbClient } from '../../kinds/ksqldb/client.js';
import { findQuery } from '../../kinds/ksqldb/running-query.js';
import type { Session } from '../../kinds/session.js';
import { valueDecoder } from '../../kinds/subject/client.js';
import { kafkaClient } from '../../kinds/topic/client.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { EvpipeError } from '../../support/errors.js';
import { placesOf, type TracedTable } from './places.js';
import { traceRows } from './rows.js';
import type { TraceEntry } from './trace-entry.js';

export interface Trace {
  readonly check: string;
  readonly key: string;
  /** By time; rows that tell none at the end. */
  readonly entries: readonly TraceEntry[];
  /** Topics and tables of the way that the key has not come to, in no order. */
  readonly absent: readonly string[];
}

/** A prefix that means more keys than this is no key. */
const KEYS_MAX = 20;
/** So many other keys are remembered, to say which of them may have been meant. */
const SEEN_MAX = 2_000;

/**
 * The chronology of one key across the topics and tables of a check's way. The key may be the beginning of one, if only one begins so. Throws
 * EVPIPE_CHECK_UNKNOWN, EVPIPE_TRACE_KEY, EVPIPE_TRACE_UNSUPPORTED, EVPIPE_TRACE_AMBIGUOUS (with the keys; all kind usage), EVPIPE_TRACE_NOT_FOUND.
 */
export async function trace(session: Session, checkName: string, wanted: string): Promise<Trace> {
  const check = checkNamed(checkName, session.pipeline);
  if (wanted === '') throw new EvpipeError('EVPIPE_TRACE_KEY', 'the key to trace is empty', { kind: 'usage' });
  const { topics, tables } = placesOf(check, session.pipeline);
  const seen = new Set<string>();
  const places = await Promise.all([
    ...topics.map(async (topic) => ({
      place: topic,
      entries: await traceTopic(topic, check, wanted, seen, session),
      certain: true,
    })),
    // A row is found by its primary key where that is the key; otherwise it is unknown.
    ...tables.map(async (table: TracedTable) => ({
      place: nameOfTable(table),
      entries: await traceRows(table, wanted, session),
      certain: table.key !== undefined,
    })),
  ]);
  const key = theKey(
    places.flatMap(({ entries }) => entries),
    wanted,
    { places: places.map(({ place }) => place), seen },
  );
  const of = (found: readonly TraceEntry[]): readonly TraceEntry[] => found.filter((entry) => entry.key === key);
  const at = ({ timestampMs }: TraceEntry): number => timestampMs ?? Number.POSITIVE_INFINITY;
  return {
    check: check.name,
    key,
    entries: places.flatMap(({ entries }) => of(entries)).toSorted((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b))),
    absent: places.flatMap(({ place, entries, certain }) => (certain && of(entries).length === 0 ? [place] : [])),
  };
}

const nameOfTable = ({ database, table }: TracedTable): string => tablePlace(database, table).replace('table ', '');

/** The key that is meant: the one given, or the only one that begins so. */
function theKey(
  found: readonly TraceEntry[],
  wanted: string,
  { places, seen }: { readonly places: readonly string[]; readonly seen: ReadonlySet<string> },
): string {
  const keys = [...new Set(found.map(({ key }) => key))].sort();
  const [only, another] = keys;
  if (only === undefined)
    throw new EvpipeError(
      'EVPIPE_TRACE_NOT_FOUND',
      `no key equals or starts with ${wanted}${didYouMean(wanted, [...seen])}`,
      { todo: `Looked for in ${places.join(', ')}.` },
    );
  if (keys.includes(wanted) || another === undefined) return keys.includes(wanted) ? wanted : only;
  const more = keys.length > KEYS_MAX ? `\n… and ${keys.length - KEYS_MAX} more` : '';
  throw new EvpipeError(
    'EVPIPE_TRACE_AMBIGUOUS',
    `${keys.length} keys begin with ${wanted}:\n${keys.slice(0, KEYS_MAX).join('\n')}${more}`,
    { kind: 'usage', todo: 'Give more of the key.' },
  );
}

async function traceTopic(
  topic: string,
  check: CheckSection,
  wanted: string,
  seen: Set<string>,
  session: Session,
): Promise<readonly TraceEntry[]> {
  const [kafka, decoder] = await Promise.all([kafkaClient(session.clients), valueDecoder(session.clients)]);
  const byField = check.kind === 'stages' && check.topic === topic && check.key !== 'key' ? check.key : undefined;
  const field = check.kind === 'stages' ? check.field : undefined;
  const fields = check.kind === 'compare' ? [...new Set([...check.key.keys(), ...check.key.values()])] : [];
  const readers = await readersOf(topic, session);
  const found: TraceEntry[] = [];
  for await (const batch of readToEnd(kafka, topic, { signal: session.signal })) {
    for (const record of batch.records) {
      const byKey = byField === undefined ? plainKey(record.key) : undefined;
      if (byKey !== undefined && seen.size < SEEN_MAX) seen.add(byKey.slice(0, wanted.length));
      if (byKey !== undefined && !byKey.startsWith(wanted)) continue;
      const { value } = await decoder.decode(record.value, { topic, part: 'value' });
      const key = byKey ?? (byField === undefined ? keyWithin(value, fields) : keyOfRecord(record, value, byField));
      if (key?.startsWith(wanted) !== true) continue;
      const { timestampMs, partition, offset } = record;
      // ksqlDB writes names in upper case, the events that it reads have them as they are.
      const status =
        field === undefined ? undefined : (statusOfValue(value, field) ?? statusOfValue(value, field.toLowerCase()));
      found.push({
        key,
        timestampMs: timestampMs < 0 ? undefined : timestampMs,
        place: topic,
        partition,
        offset,
        status,
        readBy: readers.map(({ name, next }) => ({ name, done: (next.get(partition) ?? 0n) > offset })),
        value,
      });
    }
  }
  return found;
}

/** Where change events and envelopes hold the row that they are about. */
const WITHIN = ['after', 'before', 'data', 'payload', 'value'];

/** Of a record without a key: what its value has in a key column of the check, itself or in the row that it holds. */
function keyWithin(value: unknown, fields: readonly string[]): string | undefined {
  const rows = [value, ...WITHIN.map((name) => valueAt(value, [name]))];
  const found = rows.flatMap((row) => fields.map((field) => valueAt(row, [field])));
  const key = found.find((one) => typeof one === 'string' || typeof one === 'number' || typeof one === 'bigint');
  return key === undefined ? undefined : String(key);
}

/** The groups that the file's services, sink connectors and queries read the topic with, and the next offset of each partition. */
async function readersOf(
  topic: string,
  session: Session,
): Promise<readonly { readonly name: string; readonly next: ReadonlyMap<number, bigint> }[]> {
  const stages = new Map(
    flowEdges(session.pipeline).flatMap(({ stage }) =>
      (stage.kind === 'group' || stage.kind === 'query') && stage.reads.includes(topic)
        ? [[stageKey(stage), stage] as const]
        : [],
    ),
  );
  const kafka = await kafkaClient(session.clients);
  const readers = [...stages.values()].map(async (stage) => {
    const group = stage.kind === 'group' ? stage.group : await groupOfQuery(stage, session);
    if (group === undefined) return [];
    const positions = await kafka.committedOffsets(group, [topic]);
    return [{ name: stage.name, next: new Map(positions.map(({ partition, offset }) => [partition, offset])) }];
  });
  return (await Promise.all(readers)).flat();
}

/** Undefined where ksqlDB does not answer, or does not run it. */
async function groupOfQuery(
  stage: Extract<FlowStage, { readonly kind: 'query' }>,
  session: Session,
): Promise<string | undefined> {
  try {
    return (await findQuery(stage, await ksqldbClient(session.clients)))?.group;
  } catch {
    session.signal.throwIfAborted();
    return undefined;
  }
}

/** As people say it: the text of a plain or quoted key, the only field of a structured one. */
function plainKey(key: Buffer | null): string | undefined {
  const text = key?.toString('utf8');
  if (text === undefined || !/^[{"]/.test(text)) return text;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'string') return parsed;
    const { payload = parsed } = parsed as { readonly payload?: unknown };
    const [only, another] = typeof payload === 'object' && payload !== null ? Object.values(payload) : [payload];
    return another === undefined && only !== undefined ? String(only) : text;
  } catch {
    return text; // it only looked like JSON
  }
}
