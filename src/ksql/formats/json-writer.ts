import { javaDouble } from '../../protocol/java-number.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { formatDate, formatTime, formatTimestamp } from '../values/temporal.js';
import type { Value } from '../values/value.js';

export type Writer = (value: Value) => string;

/** Dates, times and timestamps: as the numbers that records hold, or as the text that REST answers with. */
export type Times = 'numbers' | 'text';

/** A writer of JSON text for a type: 64-bit numbers and decimals exact, doubles as Java writes them, bytes base64. */
export function jsonWriter(type: SqlType, times: Times = 'numbers'): Writer {
  const write = writerOf(type, times);
  return (value) => (value === null ? 'null' : write(value));
}

const TIME_TEXT: Partial<Record<SqlType['kind'], (value: number) => string>> = {
  DATE: formatDate,
  TIME: formatTime,
  TIMESTAMP: formatTimestamp,
};

function writerOf(type: SqlType, times: Times): Writer {
  const timeText = times === 'text' ? TIME_TEXT[type.kind] : undefined;
  if (timeText !== undefined) return (value) => `"${timeText(value as number)}"`;
  switch (type.kind) {
    case 'STRING':
      return (value) => JSON.stringify(value);
    case 'DOUBLE':
      return (value) => {
        const text = javaDouble(value as number);
        return Number.isFinite(value) ? text : `"${text}"`;
      };
    case 'BYTES':
      return (value) => `"${Buffer.from(value as Uint8Array).toString('base64')}"`;
    case 'ARRAY': {
      const element = jsonWriter(type.element, times);
      return (value) => `[${(value as readonly Value[]).map(element).join(',')}]`;
    }
    case 'MAP': {
      const each = jsonWriter(type.value, times);
      return (value) => {
        const entries = [...(value as ReadonlyMap<Value, Value>)];
        return `{${entries.map(([key, item]) => `${JSON.stringify(String(key))}:${each(item)}`).join(',')}}`;
      };
    }
    case 'STRUCT': {
      const object = objectWriter(type.fields, times);
      return (value) => object(value as readonly Value[]);
    }
    default:
      return String;
  }
}

/** Every field is written, nulls included, in order. */
export function objectWriter(
  fields: ReadonlyArray<{ name: string; type: SqlType }>,
  times: Times = 'numbers',
): (values: readonly Value[]) => string {
  const parts = fields.map(({ name, type }, at) => ({
    head: `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`,
    write: jsonWriter(type, times),
  }));
  if (parts.length === 0) return () => '{}';
  return (values) => {
    let text = '';
    for (let at = 0; at < parts.length; at += 1) {
      const part = parts[at];
      if (part !== undefined) text += part.head + part.write(values[at] ?? null);
    }
    return `${text}}`;
  };
}
