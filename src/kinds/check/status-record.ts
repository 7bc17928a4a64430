import type { KafkaRecord } from '../../clients/kafka/contract.js';
import type { Status } from '../../consistency/transitions.js';
import { fieldsOf } from '../../support/plain-object.js';

/** The status in a record's value; undefined where the field holds none. */
export function statusOfValue(value: unknown, field: string): Status | undefined {
  const status = fieldsOf(value)[field];
  return typeof status === 'string' || typeof status === 'number' ? status : undefined;
}

/** `key` is the record's key, anything else a field of its value. */
export function keyOfRecord(record: Pick<KafkaRecord, 'key'>, value: unknown, key: string): string {
  return key === 'key' ? (record.key?.toString('utf8') ?? '') : String(fieldsOf(value)[key] ?? '');
}
