/** The shortest big-endian two's complement bytes of a number, as java.math.BigInteger gives them. */
export function bytesOfInteger(value: bigint): Buffer {
  let length = 1;
  for (let bound = 128n; value >= bound || value < -bound; bound <<= 8n) length++;
  const bytes = Buffer.allocUnsafe(length);
  let rest = value;
  for (let index = length - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

export function integerOfBytes(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n;
  const value = BigInt(`0x${bytes.toString('hex')}`);
  return (bytes[0] ?? 0) >= 128 ? value - (1n << BigInt(bytes.length * 8)) : value;
}

export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** "-12.340" → -12340 with scale 3; an exponent is allowed. Throws where it is no finite number. */
export function parseDecimal(text: string): Decimal {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text.trim());
  if (match === null || `${match[2]}${match[3] ?? ''}` === '') throw new Error(`not a decimal number: ${text}`);
  const fraction = match[3] ?? '';
  const magnitude = BigInt(`${match[2]}${fraction}`);
  return { unscaled: match[1] === '-' ? -magnitude : magnitude, scale: fraction.length - Number(match[4] ?? 0) };
}

/** Brings it to another scale; digits that don't fit are rounded half up, away from zero. */
export function rescale({ unscaled, scale }: Decimal, wanted: number): bigint {
  if (wanted >= scale) return unscaled * 10n ** BigInt(wanted - scale);
  const divisor = 10n ** BigInt(scale - wanted);
  const half = divisor / 2n;
  return (unscaled + (unscaled < 0n ? -half : half)) / divisor;
}

export function formatDecimal({ unscaled, scale }: Decimal): string {
  if (scale <= 0) return (unscaled * 10n ** BigInt(-scale)).toString();
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
