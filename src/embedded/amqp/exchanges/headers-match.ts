import type { FieldTable, FieldValue } from '../../../protocol/amqp/field-table.js';
import { integerOf, textOf } from '../../../protocol/amqp/field-table.js';
import { AmqpError } from '../amqp-error.js';

const MODES = ['all', 'any', 'all-with-x', 'any-with-x'];

/** Throws AmqpError 406. */
export function assertMatchMode(wanted: FieldTable): void {
  const field = wanted.get('x-match');
  if (field === undefined) return;
  const text = textOf(field);
  if (text === undefined) {
    const wrong = `Invalid x-match field type ${field.type} (value ${String(field.value)}); expected longstr`;
    throw new AmqpError('PRECONDITION_FAILED', wrong);
  }
  if (MODES.includes(text)) return;
  throw new AmqpError(
    'PRECONDITION_FAILED',
    `Invalid x-match field value <<"${text}">>; expected all, any, all-with-x, or any-with-x`,
  );
}

/**
 * Whether a message's headers fit a binding's arguments. `x-match`: all (default) or any; arguments that begin with `x-`
 * don't count, unless it is all-with-x or any-with-x. A void argument asks for the header alone.
 */
export function matchesHeaders(wanted: FieldTable, headers: FieldTable): boolean {
  const mode = textOf(wanted.get('x-match')) ?? 'all';
  const any = mode.startsWith('any');
  const withX = mode.endsWith('-with-x');
  for (const [name, value] of wanted) {
    if (name === 'x-match' || (!withX && name.startsWith('x-'))) continue;
    const found = headers.get(name);
    const fits = found !== undefined && (value.type === 'void' || equalValues(value, found));
    if (fits === any) return any;
  }
  return !any;
}

/** Numbers are equal whatever integer type carries them. */
export function equalValues(a: FieldValue, b: FieldValue): boolean {
  const [left, right] = [integerOf(a), integerOf(b)];
  if (left !== undefined || right !== undefined) return left === right;
  if (a.type === 'array' && b.type === 'array') {
    return (
      a.value.length === b.value.length && a.value.every((item, at) => equalValues(item, b.value[at] as FieldValue))
    );
  }
  if (a.type === 'table' && b.type === 'table') return equalTables(a.value, b.value);
  if (a.type === 'binary' && b.type === 'binary') return a.value.equals(b.value);
  if (a.type === 'decimal' && b.type === 'decimal') {
    return a.value.scale === b.value.scale && a.value.unscaled === b.value.unscaled;
  }
  return a.type === b.type && a.value === b.value;
}

export function equalTables(a: FieldTable, b: FieldTable): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other === undefined || !equalValues(value, other)) return false;
  }
  return true;
}
