import { javaDouble } from '../../protocol/java-number.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { formatDate, formatTime, formatTimestamp } from '../values/temporal.js';
import { ofKind, type Value } from '../values/value.js';

export type Writer = (value: Value) => string;

/** Dates, times and timestamps: as the numbers that records hold, or as the text that REST answers with. */
export type Times = 'numbers' | 'text';

/** A writer of JSON text for a type: 64-bit numbers and decimals exact, doubles as Java writes them, bytes base64. */
export function jsonWriter(type: SqlType, times: Times = 'numbers'): Writer {
  const write = writerOf(type, times);
  return (value) => (value === null ? 'null' : write(value));
}

const TIME_TEXT = { DATE: formatDate, TIME: formatTime, TIMESTAMP: formatTimestamp };

function writerOf(type: SqlType, times: Times): Writer {
  switch (type.kind) {
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP': {
      const text = TIME_TEXT[type.kind];
      return times === 'numbers' ? String : ofKind(type.kind, (value) => `"${text(value)}"`);
    }
    case 'STRING':
      return (value) => JSON.stringify(value);
    case 'DOUBLE':
      return ofKind(type.kind, (value) => {
        const text = javaDouble(value);
        return Number.isFinite(value) ? text : `"${text}"`;
      });
    case 'BYTES':
      return ofKind(type.kind, (value) => `"${Buffer.from(value).toString('base64')}"`);
    case 'ARRAY': {
      const element = jsonWriter(type.element, times);
      return ofKind(type.kind, (value) => `[${value.map(element).join(',')}]`);
    }
    case 'MAP': {
      const each = jsonWriter(type.value, times);
      return ofKind(type.kind, (value) => {
        const entries = [...value];
        return `{${entries.map(([key, item]) => `${JSON.stringify(String(key))}:${each(item)}`).join(',')}}`;
      });
    }
    case 'STRUCT':
      return ofKind(type.kind, objectWriter(type.fields, times));
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
