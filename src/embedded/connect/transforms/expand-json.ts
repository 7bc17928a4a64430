import { OPTIONAL_BYTES, OPTIONAL_STRING, Schema, Struct, type Value } from '../data/schema.js';

export interface Expanded {
  readonly schema: Schema;
  readonly value: Value;
}

/** A JSON document as a structure with an inferred schema; undefined where the text is not a JSON object or array. */
export function expandJson(text: string, nullsAsBytes: boolean): Expanded | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return expand(JSON.parse(text), nullsAsBytes, 'payload');
  } catch {
    return undefined; // the caller warns and passes the text on, as the real one does
  }
}

/** Structures are named by their path. Undefined: null, which has no type and is left out. */
function expand(json: unknown, nullsAsBytes: boolean, name: string): Expanded | undefined {
  switch (typeof json) {
    case 'string':
      return { schema: OPTIONAL_STRING, value: json };
    case 'boolean':
      return { schema: new Schema('boolean', { optional: true }), value: json };
    case 'number':
      return { schema: numberSchema(json), value: json };
    default:
  }
  if (json === null) return nullsAsBytes ? { schema: OPTIONAL_BYTES, value: null } : undefined;
  if (Array.isArray(json)) {
    const items = json.map((one) => expand(one, nullsAsBytes, name)).filter((one) => one !== undefined);
    const values = items[0]?.schema ?? (nullsAsBytes ? OPTIONAL_BYTES : OPTIONAL_STRING);
    return { schema: new Schema('array', { optional: true, values }), value: items.map((one) => one.value) };
  }
  const fields = Object.entries(json as object).flatMap(([field, one]) => {
    const expanded = expand(one, nullsAsBytes, `${name}.${field}`);
    return expanded === undefined ? [] : [{ name: field, ...expanded }];
  });
  const schema = new Schema('struct', {
    name,
    optional: true,
    fields: fields.map((field) => [field.name, field.schema]),
  });
  return {
    schema,
    value: new Struct(
      schema,
      fields.map((field) => field.value),
    ),
  };
}

function numberSchema(value: number): Schema {
  if (!Number.isInteger(value)) return new Schema('float64', { optional: true });
  return new Schema(Math.abs(value) < 2 ** 31 ? 'int32' : 'int64', { optional: true });
}
