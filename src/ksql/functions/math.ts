import { Decimal } from '../../protocol/decimal.js';
import { toBigInt } from '../expressions/cast.js';
import { decimal } from '../expressions/types.js';
import { compareValues, type Value } from '../values/value.js';
import { type ScalarFunction, scalar, type Variant, variant } from './definition.js';

const real = (name: string, description: string, compute: (value: number) => number): ScalarFunction =>
  scalar('MATHEMATICAL', name, description, variant('(DOUBLE) DOUBLE', compute));

/** The same for every numeric type, each in its own; whole numbers wrap as Java's do. */
function numeric(
  name: string,
  description: string,
  each: { whole: (value: bigint) => bigint; real: (value: number) => number; exact: (value: Decimal) => Decimal },
): ScalarFunction {
  return scalar(
    'MATHEMATICAL',
    name,
    description,
    variant('(INTEGER) INTEGER', (value: number) => Number(BigInt.asIntN(32, each.whole(BigInt(value))))),
    variant('(BIGINT) BIGINT', (value: bigint) => BigInt.asIntN(64, each.whole(value))),
    { signature: '(ANYDECIMAL) ANYDECIMAL', returns: ([type]) => type ?? decimal(10, 0), run: each.exact },
    variant('(DOUBLE) DOUBLE', each.real),
  );
}

const whole = (value: Decimal, up: boolean): Decimal => {
  const floor = value.toBigInt();
  const exact = value.compare(new Decimal(floor, 0)) === 0;
  const negative = value.unscaled < 0n;
  const moved = exact ? floor : up ? (negative ? floor : floor + 1n) : negative ? floor - 1n : floor;
  return new Decimal(moved, 0).toScale(value.scale);
};

/** Throws for what has no digits: NaN and the infinities, as Java's BigDecimal does. */
function exact(value: number): Decimal {
  const known = Decimal.fromNumber(value);
  if (known === undefined) throw new Error(`${value} has no digits to round`);
  return known;
}

/** Beyond, a DOUBLE or DECIMAL has no digits: more of them change nothing, and 10 to such a power fills the memory. */
const DIGITS_MAX = 400;
const withinDigits = (digits: number): number => Math.max(-DIGITS_MAX, Math.min(DIGITS_MAX, digits));

/** Half up (towards the positive end for halves), as Java's Math.round: -2.55 is -2.5. */
function roundDecimal(value: Decimal, wanted: number): Decimal {
  const digits = withinDigits(wanted);
  if (digits >= 0) return isNegativeHalf(value, digits) ? truncate(value, digits) : value.toScale(digits);
  const tens = new Decimal(10n ** BigInt(-digits), 0);
  return value.divide(tens, 0).multiply(tens);
}

function isNegativeHalf({ unscaled, scale }: Decimal, digits: number): boolean {
  if (unscaled >= 0n || scale <= digits) return false;
  const unit = 10n ** BigInt(scale - digits);
  return (-unscaled % unit) * 2n === unit;
}

function truncate(value: Decimal, wanted: number): Decimal {
  const digits = withinDigits(wanted);
  if (digits >= value.scale) return value;
  if (digits < 0) {
    const tens = 10n ** BigInt(-digits);
    return new Decimal((value.toBigInt() / tens) * tens, 0);
  }
  return new Decimal(value.unscaled / 10n ** BigInt(value.scale - digits), digits);
}

/** A decimal cut or rounded to a whole number, which may `carry` into one more digit, or to so many digits within its own type. */
const decimalVariants = (change: (value: Decimal, digits: number) => Decimal, carry: number): Variant[] => [
  {
    signature: '(ANYDECIMAL) ANYDECIMAL',
    returns: ([type]) => (type?.kind === 'DECIMAL' ? decimal(type.precision - type.scale + carry, 0) : decimal(10, 0)),
    run: (value: Decimal) => change(value, 0),
  },
  {
    signature: '(ANYDECIMAL, INTEGER) ANYDECIMAL',
    returns: ([type]) => type ?? decimal(10, 0),
    run: (value: Decimal, digits: number) => change(value, digits).toScale(value.scale),
  },
];

const KM_PER_RADIAN = 6371;
const MILES_PER_RADIAN = 3959;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

function distance(latitude1: number, longitude1: number, latitude2: number, longitude2: number, unit = 'KM'): number {
  for (const latitude of [latitude1, latitude2]) {
    if (Math.abs(latitude) > 90)
      throw new RangeError(
        `valid latitude values for GeoDistance function are in the range of -90 to 90 decimal degrees`,
      );
  }
  for (const longitude of [longitude1, longitude2]) {
    if (Math.abs(longitude) > 180)
      throw new RangeError(
        `valid longitude values for GeoDistance function are in the range of -180 to +180 decimal degrees`,
      );
  }
  const miles = /^mi/i.test(unit);
  const [dLatitude, dLongitude] = [radians(latitude2 - latitude1), radians(longitude2 - longitude1)];
  const a =
    Math.sin(dLatitude / 2) ** 2 +
    Math.sin(dLongitude / 2) ** 2 * Math.cos(radians(latitude1)) * Math.cos(radians(latitude2));
  return 2 * Math.asin(Math.sqrt(a)) * (miles ? MILES_PER_RADIAN : KM_PER_RADIAN);
}

const POINTS = '(DOUBLE, DOUBLE, DOUBLE, DOUBLE) DOUBLE';
const POINTS_UNIT = '(DOUBLE, DOUBLE, DOUBLE, DOUBLE, STRING) DOUBLE';

const extreme = (keep: (order: number) => boolean): Variant => ({
  signature: '(T, T...) T',
  takesNulls: true,
  run: (...values: Value[]) =>
    values.reduce(
      (best, each) => (each === null ? best : best === null || keep(compareValues(each, best)) ? each : best),
      null,
    ),
});

export const MATH_FUNCTIONS: readonly ScalarFunction[] = [
  numeric('ABS', 'The value without its sign.', {
    whole: (value) => (value < 0n ? -value : value),
    real: Math.abs,
    exact: (value) => (value.unscaled < 0n ? value.negate() : value),
  }),
  numeric('CEIL', 'The least whole number that is not below.', {
    whole: (v) => v,
    real: Math.ceil,
    exact: (v) => whole(v, true),
  }),
  numeric('FLOOR', 'The greatest whole number that is not above.', {
    whole: (v) => v,
    real: Math.floor,
    exact: (v) => whole(v, false),
  }),
  scalar(
    'MATHEMATICAL',
    'ROUND',
    'The nearest whole number, or with so many digits; halves go up.',
    variant('(INTEGER) BIGINT', (value: number) => BigInt(value)),
    variant('(BIGINT) BIGINT', (value: bigint) => value),
    variant('(DOUBLE) BIGINT', (value: number) => toBigInt(Math.round(value))),
    variant('(DOUBLE, INTEGER) DOUBLE', (value: number, digits: number) =>
      roundDecimal(exact(value), digits).toNumber(),
    ),
    ...decimalVariants(roundDecimal, 1),
  ),
  scalar(
    'MATHEMATICAL',
    'TRUNC',
    'The number cut off behind so many digits.',
    variant('(INTEGER) BIGINT', (value: number) => BigInt(value)),
    variant('(BIGINT) BIGINT', (value: bigint) => value),
    variant('(DOUBLE) BIGINT', toBigInt),
    variant('(DOUBLE, INTEGER) DOUBLE', (value: number, digits: number) => truncate(exact(value), digits).toNumber()),
    ...decimalVariants(truncate, 0),
  ),
  scalar(
    'MATHEMATICAL',
    'SIGN',
    '-1, 0 or 1.',
    variant('(INTEGER) INTEGER', Math.sign),
    variant('(BIGINT) INTEGER', (value: bigint) => (value < 0n ? -1 : value > 0n ? 1 : 0)),
    variant('(DOUBLE) INTEGER', (value: number) => (value < 0 ? -1 : value > 0 ? 1 : 0)),
  ),
  scalar(
    'MATHEMATICAL',
    'GREATEST',
    'The greatest argument that is not null.',
    extreme((order) => order > 0),
  ),
  scalar(
    'MATHEMATICAL',
    'LEAST',
    'The least argument that is not null.',
    extreme((order) => order < 0),
  ),
  scalar(
    'MATHEMATICAL',
    'PI',
    'Half of the circumference of the unit circle.',
    variant('() DOUBLE', () => Math.PI),
  ),
  scalar('MATHEMATICAL', 'RANDOM', 'A random number from 0 to 1.', {
    signature: '() DOUBLE',
    prepare: (_, world) => () => world.random(),
  }),
  scalar(
    'MATHEMATICAL',
    'POWER',
    'The first number to the power of the second.',
    variant('(DOUBLE, DOUBLE) DOUBLE', (a: number, b: number) => a ** b),
  ),
  scalar(
    'MATHEMATICAL',
    'LOG',
    'The natural logarithm, or that to a base, which comes first.',
    variant('(DOUBLE) DOUBLE', Math.log),
    variant('(DOUBLE, DOUBLE) DOUBLE', (base: number, value: number) =>
      base <= 0 || base === 1 ? Number.NaN : Math.log(value) / Math.log(base),
    ),
  ),
  scalar('MATHEMATICAL', 'ATAN2', 'The angle of a point, y first.', variant('(DOUBLE, DOUBLE) DOUBLE', Math.atan2)),
  scalar(
    'MATHEMATICAL',
    'GEO_DISTANCE',
    'The great-circle distance of two points in km or miles.',
    variant(POINTS, distance),
    variant(POINTS_UNIT, distance),
  ),
  real('SQRT', 'The square root.', Math.sqrt),
  real('CBRT', 'The cube root.', Math.cbrt),
  real('EXP', 'e to the power of the number.', Math.exp),
  real('LN', 'The natural logarithm.', Math.log),
  real('SIN', 'The sine of an angle in radians.', Math.sin),
  real('COS', 'The cosine of an angle in radians.', Math.cos),
  real('TAN', 'The tangent of an angle in radians.', Math.tan),
  real('COT', 'The cotangent of an angle in radians.', (value) => 1 / Math.tan(value)),
  real('ASIN', 'The angle whose sine it is.', Math.asin),
  real('ACOS', 'The angle whose cosine it is.', Math.acos),
  real('ATAN', 'The angle whose tangent it is.', Math.atan),
  real('SINH', 'The hyperbolic sine.', Math.sinh),
  real('COSH', 'The hyperbolic cosine.', Math.cosh),
  real('TANH', 'The hyperbolic tangent.', Math.tanh),
  real('DEGREES', 'Radians in degrees.', (value) => (value * 180) / Math.PI),
  real('RADIANS', 'Degrees in radians.', radians),
];
