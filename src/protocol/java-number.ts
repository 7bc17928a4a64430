/** A double as Java's Double.toString writes it: 1.0, 1.0E10, 1.0E-5, NaN, Infinity. */
export function javaDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) {
    return Number.isInteger(value) ? `${value}.0` : String(value);
  }
  const shortest = value.toExponential();
  // Java writes two digits at least, the closest ones: 4.9E-324 where one would do.
  const text = shortest.includes('.') ? shortest : value.toExponential(1);
  return text.replace(/e\+?/, 'E');
}

/** A float as Java's Float.toString writes it: the fewest digits that give the same float back. */
export function javaFloat(value: number): string {
  const float = Math.fround(value);
  for (let digits = 1; digits < FLOAT_DIGITS_MAX; digits++) {
    const shorter = Number(float.toPrecision(digits));
    if (Math.fround(shorter) === float) return javaDouble(shorter);
  }
  return javaDouble(Number(float.toPrecision(FLOAT_DIGITS_MAX)));
}

const FLOAT_DIGITS_MAX = 9;

/** A number as Java's BigDecimal of the same text writes it: 1.50, 1E+3, 1.5E-7. */
export function javaBigDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const scale = fraction.length - Number(exponent);
  const adjusted = digits.length - 1 - scale;
  if (scale >= 0 && adjusted >= PLAIN_EXPONENT_MIN) {
    const padded = digits.padStart(scale + 1, '0');
    return sign + (scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`);
  }
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
  return `${sign}${mantissa}E${adjusted < 0 ? '' : '+'}${adjusted}`;
}

/** Smaller numbers are written with an exponent. */
const PLAIN_EXPONENT_MIN = -6;
