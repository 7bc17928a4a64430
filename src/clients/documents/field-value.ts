import { JsonNumber } from '../../protocol/json/parse.js';
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

/** The same kind and value; text that has no type of its own is what it can be read as. */
export function isSameField(found: FieldValue, wanted: FieldValue): boolean {
  if (found.kind !== 'untyped') return found.kind === wanted.kind && textOf(found) === textOf(wanted);
  const text = wanted.kind === 'number' ? decimalText(found.text) : found.text;
  return wanted.kind !== 'null' && wanted.kind !== 'missing' && text === textOf(wanted);
}

/** Empty where there is no value. */
export const textOf = (value: FieldValue | undefined): string =>
  value !== undefined && 'text' in value ? value.text : '';

/** Of a plain value, as JSON has it; integers may be bigint. */
export function fieldValueOf(plain: unknown): FieldValue {
  if (plain === undefined) return { kind: 'missing' };
  if (plain === null) return { kind: 'null' };
  if (plain instanceof RawJson) return { kind: 'number', text: plain.text };
  if (plain instanceof JsonNumber) return { kind: 'number', text: decimalText(plain.text) };
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
  if (value instanceof JsonNumber) return new RawJson(decimalText(value.text));
  if (Array.isArray(value)) return value.map(exact);
  if (typeof value !== 'object' || value === null || value instanceof RawJson) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, exact(one)]));
}
