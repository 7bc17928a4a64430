import type { FieldTable, FieldValue } from '../../../protocol/amqp/field-table.js';
import { AmqpError } from '../amqp-error.js';
import { equalValues } from '../exchanges/headers-match.js';

/** Throws AmqpError 406 where something is declared again in another way. `what` names it. */
export function assertSameField(
  name: string,
  what: string,
  received: string | boolean,
  current: string | boolean,
): void {
  if (received === current) return;
  throw new AmqpError(
    'PRECONDITION_FAILED',
    `inequivalent arg '${name}' for ${what}: received '${received}' but current is '${current}'`,
  );
}

/** The same of the arguments of these names; others may differ. */
export function assertSameArguments(
  names: readonly string[],
  what: string,
  received: FieldTable,
  current: FieldTable,
): void {
  for (const name of names) {
    const [a, b] = [received.get(name), current.get(name)];
    if (a === b || (a !== undefined && b !== undefined && equalValues(a, b))) continue;
    throw new AmqpError(
      'PRECONDITION_FAILED',
      `inequivalent arg '${name}' for ${what}: received ${described(a, b)} but current is ${described(b, a)}`,
    );
  }
}

function described(field: FieldValue | undefined, other: FieldValue | undefined): string {
  if (field === undefined) return 'none';
  if (other !== undefined) return `'${String(field.value)}'`;
  return `the value '${String(field.value)}' of type '${field.type}'`;
}
