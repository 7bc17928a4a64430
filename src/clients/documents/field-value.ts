import type { FieldValue } from './contract.js';
import { decimalText, jsonbText, RawJson } from './json-text.js';

/** The value at a path of nested fields; undefined where there is none. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

/** Of a plain value, as JSON has it; integers may be bigint. */
export function fieldValueOf(plain: unknown): FieldValue {
  if (plain === undefined) return { kind: 'missing' };
  if (plain === null) return { kind: 'null' };
  if (plain instanceof RawJson) return { kind: 'number', text: plain.text };
  switch (typeof plain) {
    case 'string':
      return { kind: 'text', text: plain };
    case 'number':
    case 'bigint':
      return { kind: 'number', text: decimalText(String(plain)) };
    case 'boolean':
      return { kind: 'boolean', text: plain ? 'true' : 'false' };
    default:
      return { kind: 'json', text: jsonbText(exact(plain)) };
  }
}

/** jsonbText takes what JSON has, which bigint is not. */
function exact(value: unknown): unknown {
  if (typeof value === 'bigint') return new RawJson(String(value));
  if (Array.isArray(value)) return value.map(exact);
  if (typeof value !== 'object' || value === null || value instanceof RawJson) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, exact(one)]));
}
