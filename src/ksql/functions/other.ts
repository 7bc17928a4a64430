import { randomUUID } from 'node:crypto';
import type { Value } from '../values/value.js';
import { type ScalarFunction, scalar, variant } from './definition.js';

export const OTHER_FUNCTIONS: readonly ScalarFunction[] = [
  scalar(
    'OTHER',
    'UUID',
    'A random universally unique identifier, or the one whose 16 bytes are given.',
    variant('() STRING', () => randomUUID()),
    variant('(BYTES) STRING', (bytes: Uint8Array) => {
      if (bytes.length !== 16) return null;
      const hex = Buffer.from(bytes).toString('hex');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    }),
  ),
  scalar('CONDITIONAL', 'COALESCE', 'The first argument that is not null.', {
    signature: '(T, T...) T',
    takesNulls: true,
    run: (...values: Value[]) => values.find((value) => value !== null) ?? null,
  }),
  scalar('CONDITIONAL', 'IFNULL', 'The first argument, or the second where it is null.', {
    signature: '(T, T) T',
    takesNulls: true,
    run: (value: Value, otherwise: Value) => value ?? otherwise,
  }),
  scalar('CONDITIONAL', 'NULLIF', 'Null where both arguments are equal, else the first.', {
    signature: '(T, T) T',
    takesNulls: true,
    run: (value: Value, other: Value) => (value !== null && String(value) === String(other) ? null : value),
  }),
  scalar('OTHER', 'AS_VALUE', 'The argument, as a column of the value: for key columns that are wanted there too.', {
    signature: '(T) T',
    takesNulls: true,
    run: (value: Value) => value,
  }),
];
