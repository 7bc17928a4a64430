import type { JsonValue } from '../../operations/tail/record.js';

type JsonObject = { readonly [name: string]: JsonValue | undefined };

/** One field that differs; undefined: absent on that side. */
export interface Change {
  /** `date_of_birth`, `address.city`. */
  readonly path: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

type Operation = 'create' | 'update' | 'delete' | 'read' | 'truncate' | 'message';

const OPERATIONS: Readonly<Record<string, Operation>> = {
  c: 'create',
  u: 'update',
  d: 'delete',
  r: 'read',
  t: 'truncate',
  m: 'message',
};

export interface Envelope {
  readonly operation: Operation;
  readonly before: JsonValue;
  readonly after: JsonValue;
}

/** The row before and after, where the value is a Debezium envelope, with or without its schema beside it. */
export function envelopeOf(value: JsonValue): Envelope | undefined {
  const payload = isObject(value) && isObject(value.payload) && value.schema !== undefined ? value.payload : value;
  if (!isObject(payload) || typeof payload.op !== 'string' || !('source' in payload)) return undefined;
  const operation = OPERATIONS[payload.op];
  if (operation === undefined) return undefined;
  return { operation, before: payload.before ?? null, after: payload.after ?? null };
}

/** The fields that differ between two values, objects compared field by field. */
export function changesBetween(before: JsonValue | undefined, after: JsonValue | undefined, path = ''): Change[] {
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      changesBetween(before[name], after[name], path === '' ? name : `${path}.${name}`),
    );
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
