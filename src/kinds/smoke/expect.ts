import type { KafkaClient, KafkaRecord, PartitionPosition } from '../../clients/kafka/contract.js';
import type { PostgresClient } from '../../clients/postgres/client.js';
import type { ValueDecoder } from '../../clients/schema-registry/decode-value.js';
import { readColumns, SESSION_SETTINGS, tableSql } from '../../consistency/table-place.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { quoteIdentifier } from '../../protocol/sql.js';
import { counted } from '../../support/counted.js';
import { EvpipeError } from '../../support/errors.js';
import { pause } from '../../support/retry.js';
import { databaseClient } from '../database/client.js';
import type { Session } from '../session.js';
import { valueDecoder } from '../subject/client.js';
import { kafkaClient } from '../topic/client.js';
import type { SmokeExpectation } from './section.js';
import { hasFields, textOf } from './template.js';

export type RecordExpectation = Extract<SmokeExpectation, { readonly kind: 'record' }>;
export type RowExpectation = Extract<SmokeExpectation, { readonly kind: 'row' }>;

const POLL_PAUSE_MS = 100;
/** Longer values are cut in messages. */
const SHOWN_MAX = 200;

/** Where a topic ends before the request, so that nothing the request causes is missed. [] where there is no topic yet. */
export async function topicEnd(topic: string, session: Session): Promise<readonly PartitionPosition[]> {
  const kafka = await kafkaClient(session.clients);
  return (await kafka.describeTopic(topic)) === undefined ? [] : kafka.offsets(topic, 'latest');
}

/**
 * Reads from `start` until a record with this key and these fields of its value is there. Returns where it is. Throws
 * EVPIPE_SMOKE_RECORD, which says what was seen instead, when the deadline passes first.
 */
export async function expectRecord(
  expected: RecordExpectation,
  start: readonly PartitionPosition[],
  session: Session,
  deadline: AbortSignal,
): Promise<string> {
  const [kafka, decoder] = await Promise.all([kafkaClient(session.clients), valueDecoder(session.clients)]);
  const ended = AbortSignal.any([session.signal, deadline]);
  let seen = 0;
  let nearest: string | undefined;
  try {
    const from = start.length > 0 ? start : await onceThere(kafka, expected.topic, ended);
    const reader = kafka.reader({ from, signal: ended });
    try {
      for await (const { records } of reader) {
        for (const record of records) {
          seen += 1;
          const difference = await recordDifference(expected, record, decoder);
          if (difference === undefined) return `record ${expected.topic} ${record.partition}/${record.offset}`;
          if (difference.keyMatches) nearest = difference.text;
        }
      }
    } finally {
      await reader.close();
    }
  } catch (failure) {
    if (!deadline.aborted || session.signal.aborted) throw failure;
  }
  session.signal.throwIfAborted();
  const key = expected.key === undefined ? '' : ` with key ${expected.key}`;
  const instead = nearest ?? (seen === 0 ? 'nothing arrived there' : `${seen} other records arrived there`);
  throw new EvpipeError('EVPIPE_SMOKE_RECORD', `no such record on ${expected.topic}${key}: ${instead}`, {
    todo: `Look at the topic: evpipe tail ${expected.topic}`,
  });
}

async function onceThere(kafka: KafkaClient, topic: string, ended: AbortSignal): Promise<readonly PartitionPosition[]> {
  for (;;) {
    if ((await kafka.describeTopic(topic)) !== undefined) return kafka.offsets(topic, 'earliest');
    await pause(POLL_PAUSE_MS, ended);
  }
}

async function recordDifference(
  expected: RecordExpectation,
  { topic, key, value }: KafkaRecord,
  decoder: ValueDecoder,
): Promise<{ readonly keyMatches: boolean; readonly text: string } | undefined> {
  if (expected.key !== undefined) {
    const decoded = await decoder.decode(key, { topic, part: 'key' });
    const shown = [key?.toString('utf8'), textOf(decoded.value)];
    if (!shown.includes(expected.key)) return { keyMatches: false, text: '' };
  }
  if (expected.value === undefined) return undefined;
  const decoded = await decoder.decode(value, { topic, part: 'value' });
  const text = valueDifference(expected.value, decoded.value, '');
  const why = decoded.problem === undefined ? '' : ` (${decoded.problem})`;
  return text === undefined ? undefined : { keyMatches: true, text: `${text}${why}` };
}

/** The first field of `expected` that `actual` has not or has otherwise; further fields of `actual` do not matter. */
export function valueDifference(expected: unknown, actual: unknown, path: string): string | undefined {
  const at = path === '' ? 'its value' : path;
  if (typeof expected !== 'object' || expected === null) {
    const same = expected === null || actual === null ? expected === actual : textOf(expected) === textOf(actual);
    return same ? undefined : `${at} is ${shown(actual)}, expected ${shown(expected)}`;
  }
  if (!hasFields(actual) || Array.isArray(actual) !== Array.isArray(expected)) {
    return `${at} is ${shown(actual)}, expected ${shown(expected)}`;
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length !== actual.length) {
    return `${at} has ${counted(actual.length, 'element')}, expected ${expected.length}`;
  }
  for (const [name, one] of Object.entries(expected)) {
    const field = path === '' ? name : `${path}.${name}`;
    if (!Object.hasOwn(actual, name)) return `${field} is missing, expected ${shown(one)}`;
    const difference = valueDifference(one, actual[name], field);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function shown(value: unknown): string {
  const text = textOf(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/**
 * Asks until a row with `where` has these values; the database itself compares them, so 1.0 is 1.00 and dates are dates. Throws
 * EVPIPE_SMOKE_ROW with what was found instead when the deadline passes first, EVPIPE_COLUMN_MISSING, EVPIPE_TABLE_MISSING.
 */
export async function expectRow(expected: RowExpectation, session: Session, deadline: AbortSignal): Promise<string> {
  const { database, table } = expected;
  const client = await databaseClient(session.clients, database, SESSION_SETTINGS);
  try {
    const query = await rowQuery(expected, client);
    for (;;) {
      const rows = await client.queryText(query.sql, query.values);
      const difference = rowDifference(expected, rows);
      if (difference === undefined) return `row ${database}.${table}`;
      if (deadline.aborted) {
        throw new EvpipeError('EVPIPE_SMOKE_ROW', `no such row in ${database}.${table}: ${difference}`, {
          todo: `Look at the table: evpipe psql ${database} -c 'select * from ${table}'`,
        });
      }
      await pause(POLL_PAUSE_MS, session.signal);
    }
  } finally {
    await client.close();
  }
}

interface RowQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Selects, for each expected column, whether it is as expected and its text. */
async function rowQuery({ database, table, where, row }: RowExpectation, client: PostgresClient): Promise<RowQuery> {
  const types = new Map((await readColumns(client, { database, table })).map(({ name, type }) => [name, type]));
  const values: unknown[] = [];
  const operand = (name: string, value: unknown): { column: string; value: string } => {
    const type = types.get(name);
    if (type === undefined) {
      const text = `table ${table} of ${database} has no column ${name}${didYouMean(name, [...types.keys()])}`;
      throw new EvpipeError('EVPIPE_COLUMN_MISSING', text);
    }
    const json = type === 'json' || type === 'jsonb';
    values.push(value === null || (Array.isArray(value) && !json) ? value : textOf(value));
    const cast = json ? '::jsonb' : '';
    return { column: `t.${quoteIdentifier(name)}${cast}`, value: `$${values.length}${cast}` };
  };
  const equals = ([name, value]: readonly [string, unknown]): string => {
    const { column, value: parameter } = operand(name, value);
    return `(${column} IS NOT DISTINCT FROM ${parameter})`;
  };
  const columns = Object.entries(row).map((entry) => `${equals(entry)}::text, t.${quoteIdentifier(entry[0])}::text`);
  const conditions = Object.entries(where).map(equals);
  return {
    sql: `SELECT ${['1', ...columns].join(', ')} FROM ${tableSql(table)} AS t WHERE ${['true', ...conditions].join(' AND ')} LIMIT 100`,
    values,
  };
}

function rowDifference(
  { where, row }: RowExpectation,
  rows: readonly (readonly (string | null)[])[],
): string | undefined {
  if (rows.length === 0) {
    const wanted = Object.entries(where).map(([name, value]) => `${name} ${shown(value)}`);
    return `there is none with ${wanted.join(', ')}`;
  }
  const differences = rows.map((found) =>
    Object.entries(row).flatMap(([name, value], index) =>
      found[1 + 2 * index] === 'true' ? [] : [`${name} is ${found[2 + 2 * index] ?? 'NULL'}, expected ${shown(value)}`],
    ),
  );
  return differences.some((one) => one.length === 0) ? undefined : differences[0]?.join('; ');
}
