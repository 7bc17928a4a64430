import type { ScalarFunction, Variant } from '../../src/ksql/functions/definition.js';
import { parseSignature } from '../../src/ksql/functions/signature.js';
import type { Value } from '../../src/ksql/values/value.js';
import { Decimal } from '../../src/protocol/decimal.js';
import type { SqlType } from '../../src/protocol/ksql/types.js';
import { defectIn } from './fuzz/defect.js';
import { Dice } from './fuzz/dice.js';

/** What columns and literals can hold at the edges of each type. */
const EDGES: Readonly<Partial<Record<SqlType['kind'], readonly Value[]>>> = {
  BOOLEAN: [true, false],
  INTEGER: [0, 1, -1, 7, 2_147_483_647, -2_147_483_648],
  BIGINT: [0n, 1n, -1n, 1_000n, 2n ** 63n - 1n, -(2n ** 63n)],
  DOUBLE: [0, -0, 1.5, -2.5, 1e308, -1e308, 5e-324, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
  DECIMAL: [
    new Decimal(0n, 0),
    new Decimal(10n ** 38n - 1n, 0),
    new Decimal(-(10n ** 38n - 1n), 38),
    new Decimal(25n, 1),
  ],
  STRING: [
    '',
    'a',
    'ü𝄞',
    '%',
    '[',
    '(a+)+$',
    'a'.repeat(50),
    'x'.repeat(100_000),
    '1e999',
    '-',
    '{"a":[1]}',
    '$.a[0]',
    '%41%',
    'UTC',
    'yyyy-MM-dd',
    'y'.repeat(300),
    '2026-01-01',
    '127.0.0.1',
    'http://u:p@h:99999/%ff?a=b#c',
    '\u0000',
    '\ud800',
  ],
  BYTES: [Buffer.alloc(0), Buffer.from([0xff, 0xfe]), Buffer.alloc(70_000, 1)],
  DATE: [0, 20_000, -2_000_000_000, 2_147_483_647],
  TIME: [0, 86_399_999],
  TIMESTAMP: [0, 1_700_000_000_000, -62_135_596_800_000, 8_640_000_000_000_000, 9e18],
};

function edge(type: SqlType, dice: Dice): Value {
  if (dice.chance(0.03)) return null;
  switch (type.kind) {
    case 'ARRAY':
      return Array.from({ length: dice.below(4) }, () => edge(type.element, dice));
    case 'MAP':
      return new Map(Array.from({ length: dice.below(3) }, () => [edge(type.key, dice), edge(type.value, dice)]));
    case 'STRUCT':
      return type.fields.map((field) => edge(field.type, dice));
    case 'NAMED':
      if (type.name === 'INTERVALUNIT') return dice.pick(['MILLISECONDS', 'HOURS', 'DAYS', 'MONTHS', 'YEARS']);
      return edge(type.name === 'ANYDECIMAL' ? { kind: 'DECIMAL', precision: 38, scale: 0 } : { kind: 'BIGINT' }, dice);
    default:
      return dice.pick(EDGES[type.kind] ?? [null]);
  }
}

/** A type variable is BIGINT everywhere in a call. */
const plain = (type: SqlType): SqlType =>
  type.kind !== 'NAMED'
    ? type
    : type.name === 'ANYDECIMAL'
      ? { kind: 'DECIMAL', precision: 38, scale: 0 }
      : { kind: 'BIGINT' };

const CPU_MS_MAX = 500;
const HEAP_BYTES_MAX = 64 * 1024 * 1024;

/** What a call at the edges did that none may: an error of JavaScript's own, or more time or memory than an answer is worth. */
export function hostileCalls(variant: Variant, rounds: number, seed: number): string | undefined {
  const { parameters, variadic } = parseSignature(variant.signature);
  const dice = new Dice(seed);
  const listed = variadic ? [...parameters, ...parameters.slice(-1)] : parameters;
  const world = { now: () => 1234, random: () => 0.5 };
  const run = variant.prepare?.(listed.map(plain), world) ?? variant.run;
  if (run === undefined) return undefined;
  for (let round = 0; round < rounds; round++) {
    const args = listed.map((type) => edge(type, dice));
    if (variant.takesNulls !== true && args.includes(null)) continue;
    const problem = problemOf(() => (run as (...all: readonly Value[]) => Value)(...args));
    if (problem !== undefined) return `${variant.signature} of ${args.map(shown).join(', ')}: ${problem}`;
  }
  return undefined;
}

const shown = (value: Value): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value).slice(0, 40);

function problemOf(call: () => Value): string | undefined {
  const heap = process.memoryUsage().heapUsed;
  const before = process.cpuUsage();
  let thrown: string | undefined;
  try {
    call();
  } catch (failure) {
    thrown =
      failure instanceof Error ? defectIn(failure.message) && (failure.stack ?? failure.message) : String(failure);
  }
  const { user, system } = process.cpuUsage(before);
  const grown = process.memoryUsage().heapUsed - heap;
  if (thrown !== undefined) return thrown;
  if ((user + system) / 1000 > CPU_MS_MAX) return `it took ${(user + system) / 1000} ms`;
  return grown > HEAP_BYTES_MAX ? `it took ${grown} bytes` : undefined;
}

export const callsOf = (
  functions: Iterable<ScalarFunction>,
): ReadonlyArray<readonly [name: string, variant: Variant]> =>
  [...functions].flatMap(({ name, variants }) => variants.map((variant) => [name, variant] as const));
