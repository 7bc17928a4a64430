const POWERS: bigint[] = [1n];
for (let exponent = 1; exponent <= 80; exponent += 1) POWERS.push(10n ** BigInt(exponent));
const power = (exponent: number): bigint => POWERS[exponent] ?? 10n ** BigInt(exponent);

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/** An exact decimal: `unscaled` × 10^-`scale`, as Java's BigDecimal; 1.10 and 1.1 compare equal and print differently. */
export class Decimal {
  constructor(
    readonly unscaled: bigint,
    readonly scale: number,
  ) {}

  /** Undefined where the text is not a number. The scale is the number of digits behind the point, never negative. */
  static parse(text: string): Decimal | undefined {
    const match = NUMBER.exec(text.trim());
    if (match === null) return undefined;
    const [, sign, whole = '', fraction = '', exponent = '0'] = match;
    if (whole === '' && fraction === '') return undefined;
    const digits = BigInt(whole + fraction);
    const scale = fraction.length - Number(exponent);
    const value = new Decimal(sign === '-' ? -digits : digits, Math.max(scale, 0));
    return scale < 0 ? new Decimal(value.unscaled * power(-scale), 0) : value;
  }

  /** Throws TypeError where the text is not a number. */
  static from(text: string): Decimal {
    const parsed = Decimal.parse(text);
    if (parsed === undefined) throw new TypeError(`not a decimal number: ${text}`);
    return parsed;
  }

  /** Of the two's complement bytes of the unscaled number, as Avro and Kafka Connect store it. */
  static fromBytes(bytes: Buffer, scale: number): Decimal {
    return new Decimal(integerOfBytes(bytes), scale);
  }

  toBytes(): Buffer {
    return bytesOfInteger(this.unscaled);
  }

  static fromNumber(value: number): Decimal | undefined {
    return Number.isFinite(value) ? Decimal.parse(String(value)) : undefined;
  }

  /** Rounds half up (away from zero), as ksqlDB does. */
  toScale(scale: number): Decimal {
    if (scale === this.scale) return this;
    if (scale > this.scale) return new Decimal(this.unscaled * power(scale - this.scale), scale);
    return new Decimal(divideHalfUp(this.unscaled, power(this.scale - scale)), scale);
  }

  get precision(): number {
    const digits = (this.unscaled < 0n ? -this.unscaled : this.unscaled).toString().length;
    return Math.max(digits, this.scale);
  }

  compare(other: Decimal): number {
    const scale = Math.max(this.scale, other.scale);
    const [left, right] = [this.toScale(scale).unscaled, other.toScale(scale).unscaled];
    return left < right ? -1 : left > right ? 1 : 0;
  }

  add(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.toScale(scale).unscaled + other.toScale(scale).unscaled, scale);
  }

  negate(): Decimal {
    return new Decimal(-this.unscaled, this.scale);
  }

  multiply(other: Decimal): Decimal {
    return new Decimal(this.unscaled * other.unscaled, this.scale + other.scale);
  }

  /** To `scale` digits behind the point, half up. Throws RangeError for zero, as bigint does. */
  divide(other: Decimal, scale: number): Decimal {
    const shift = scale + other.scale - this.scale;
    const [above, below] =
      shift >= 0 ? [this.unscaled * power(shift), other.unscaled] : [this.unscaled, other.unscaled * power(-shift)];
    return new Decimal(divideHalfUp(above, below), scale);
  }

  remainder(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.toScale(scale).unscaled % other.toScale(scale).unscaled, scale);
  }

  /** Towards zero. */
  toBigInt(): bigint {
    return this.unscaled / power(this.scale);
  }

  toNumber(): number {
    return Number(this.toString());
  }

  /** Never with an exponent. */
  toString(): string {
    if (this.scale === 0) return this.unscaled.toString();
    if (this.scale < 0) return this.toScale(0).toString();
    const negative = this.unscaled < 0n;
    const digits = (negative ? -this.unscaled : this.unscaled).toString().padStart(this.scale + 1, '0');
    const point = digits.length - this.scale;
    return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
  }
}

function divideHalfUp(above: bigint, below: bigint): bigint {
  const quotient = above / below;
  const remainder = above % below;
  const twice = (remainder < 0n ? -remainder : remainder) * 2n;
  if (twice < (below < 0n ? -below : below)) return quotient;
  return above < 0n === below < 0n ? quotient + 1n : quotient - 1n;
}

/** The shortest big-endian two's complement bytes of a number, as java.math.BigInteger gives them. */
export function bytesOfInteger(value: bigint): Buffer {
  let length = 1;
  for (let bound = 128n; value >= bound || value < -bound; bound <<= 8n) length++;
  const bytes = Buffer.allocUnsafe(length);
  if (length <= SMALL_BYTES_MAX) {
    bytes.writeIntBE(Number(value), 0, length);
    return bytes;
  }
  let rest = value;
  for (let index = length - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** As many bytes as Buffer reads as one number. */
const SMALL_BYTES_MAX = 6;

export function integerOfBytes(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n;
  if (bytes.length <= SMALL_BYTES_MAX) return BigInt(bytes.readIntBE(0, bytes.length));
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`));
}
