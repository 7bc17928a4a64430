import type { OutgoingRecord } from '../../../clients/kafka/contract.js';
import type { Row } from '../../../ksql/rows/row.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { Value } from '../../../ksql/values/value.js';
import { messageOf } from '../../../support/errors.js';
import type { QueryPart } from './query-options.js';
import { InvalidTimestamp, RecordEncoder } from './record-codec.js';
import { SentRows } from './repartition.js';

/** What becomes of the rows that a query, or a part of it, makes. */
export interface QueryOutput {
  keyBytes(key: readonly Value[]): Buffer | null;
  /** Undefined: the row is written nowhere. Throws where it does not fit its topic. */
  record(row: Row): OutgoingRecord | undefined;
}

type OutputOptions = Pick<QueryPart, 'id' | 'plan' | 'sink' | 'keepsOnly' | 'registry' | 'log' | 'failsOn'>;

export async function openOutput(options: OutputOptions): Promise<QueryOutput> {
  const { plan, sink, keepsOnly, registry } = options;
  const encoder = await RecordEncoder.create(sink, registry);
  const keyBytes: QueryOutput['keyBytes'] = (key) => encoder.encodeKey(key, undefined);
  if (keepsOnly === true) return { keyBytes, record: () => undefined };
  if (plan.physical.kind !== 'send') return { keyBytes, record: (row) => sinkRecord(encoder, row, options) };
  const { topic, schema, by } = plan.physical;
  const rows = new SentRows(schema, by.length);
  return {
    keyBytes,
    record(row) {
      try {
        // As in the sink: a group's state is in the partition of its results.
        const key = keyBytes(row.value?.slice(-by.length) ?? []);
        return { topic, key, value: rows.encode(row), timestampMs: row.timestampMs, headers: row.headers };
      } catch (failure) {
        throw unwritable(topic, failure);
      }
    },
  };
}

function sinkRecord(encoder: RecordEncoder, made: Row, options: OutputOptions): OutgoingRecord | undefined {
  const row = sinkTime(encoder, made, options);
  if (row === undefined) return undefined;
  const { topic } = options.sink;
  try {
    const key = encoder.encodeKey(row.key, row.window, row.keyless);
    const value = encoder.encodeValue(row.value);
    return { topic, key, value, timestampMs: row.timestampMs, headers: row.headers };
  } catch (failure) {
    throw unwritable(topic, failure);
  }
}

const unwritable = (topic: string, failure: unknown): StatementError =>
  new StatementError(`Error serializing message to topic: ${topic}. ${messageOf(failure)}`);

/**
 * The row at the time of its sink's TIMESTAMP column. Where that holds no time, the row is logged and left out, as in ksqlDB
 * unless it is told otherwise.
 */
function sinkTime(encoder: RecordEncoder, row: Row, { id, log, failsOn }: OutputOptions): Row | undefined {
  if (encoder.timestampOf === undefined || row.value === null) return row;
  try {
    const timestampMs = encoder.timestampOf(row);
    if (timestampMs >= 0) return { ...row, timestampMs };
    throw new InvalidTimestamp('it is negative');
  } catch (failure) {
    if (failsOn.untimed) throw failure;
    log.warn(`query ${id}: Failed to extract timestamp from row: ${messageOf(failure)}`);
  }
  return undefined;
}
