import { javaDouble } from '../../../protocol/java-number.js';
import type { SqlType } from '../../../protocol/ksql/types.js';
import type { Value } from '../values/value.js';

export type Writer = (value: Value) => string;

/** A writer of JSON text for a type: 64-bit numbers and decimals exact, doubles as Java writes them, bytes base64. */
export function jsonWriter(type: SqlType): Writer {
  const write = writerOf(type);
  return (value) => (value === null ? 'null' : write(value));
}

function writerOf(type: SqlType): Writer {
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
      const element = jsonWriter(type.element);
      return (value) => `[${(value as readonly Value[]).map(element).join(',')}]`;
    }
    case 'MAP': {
      const each = jsonWriter(type.value);
      return (value) => {
        const entries = [...(value as ReadonlyMap<Value, Value>)];
        return `{${entries.map(([key, item]) => `${JSON.stringify(String(key))}:${each(item)}`).join(',')}}`;
      };
    }
    case 'STRUCT': {
      const object = objectWriter(type.fields);
      return (value) => object(value as readonly Value[]);
    }
    default:
      return String;
  }
}

/** Every field is written, nulls included, in order. */
export function objectWriter(
  fields: ReadonlyArray<{ name: string; type: SqlType }>,
): (values: readonly Value[]) => string {
  const parts = fields.map(({ name, type }, at) => ({
    head: `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`,
    write: jsonWriter(type),
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
