import { bytesOfInteger, Decimal } from '../../../protocol/decimal.js';
import { int64, type Schema, Struct } from '../data/schema.js';
import { type ColumnCodec, type Decode, NO_MODIFIER, plain, semantic, type TypeOptions } from './column-codec.js';

export const integer: Decode = (value) => (value.length < 16 ? Number(value) : int64(BigInt(value)));

export const floating: Decode = (value) => {
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  return value === '-Infinity' ? Number.NEGATIVE_INFINITY : Number(value);
};

const DECIMAL = 'org.apache.kafka.connect.data.Decimal';
export const VARIABLE_SCALE = semantic('struct', 'io.debezium.data.VariableScaleDecimal', {
  doc: 'Variable scaled decimal',
  fields: [
    ['scale', plain('int32')],
    ['value', plain('bytes')],
  ],
});

/** The zero that stands for a missing number, in the form that the connector's decimals have. */
export function zeroed(codec: ColumnCodec, scale: number, options: TypeOptions): ColumnCodec {
  if (options.decimals === 'string') return { ...codec, fallback: new Decimal(0n, scale).toString() };
  return codec.schema === VARIABLE_SCALE
    ? { ...codec, fallback: new Struct(VARIABLE_SCALE, [0, Buffer.from([0])]) }
    : codec;
}

/** A type modifier's scale: eleven bits with a sign since PostgreSQL 15; 0 where it says none. */
export const scaleOf = (modifier: number): number =>
  modifier === NO_MODIFIER ? 0 : (((modifier - 4) & 0x7ff) ^ 1024) - 1024;

export function decimal(modifier: number, options: TypeOptions): [Schema, Decode] {
  if (options.decimals === 'string') return [plain('string'), decimalString(scaleOf(modifier))];
  if (options.decimals === 'double') return [plain('float64'), floating];
  if (modifier === NO_MODIFIER) {
    const decode: Decode = (value) => {
      if (isSpecial(value)) return null;
      // Zeros at the end of a fraction are not told where no scale is declared.
      const { unscaled, scale } = Decimal.from(value.includes('.') ? value.replace(/\.?0+$/, '') : value);
      return new Struct(VARIABLE_SCALE, [scale, bytesOfInteger(unscaled)]);
    };
    return [VARIABLE_SCALE, decode];
  }
  const precision = ((modifier - 4) >> 16) & 0xffff;
  const scale = scaleOf(modifier);
  const schema = semantic('bytes', DECIMAL, {
    parameters: { scale: String(scale), 'connect.decimal.precision': String(precision) },
  });
  return [schema, (value) => (isSpecial(value) ? null : Decimal.from(value).toScale(scale).toBytes())];
}

const isSpecial = (value: string): boolean => value === 'NaN' || value === 'Infinity' || value === '-Infinity';

/** At least as many fraction digits as declared: a default's text has fewer. */
function decimalString(scale: number): Decode {
  return (value) => {
    if (value === 'NaN') return 'NAN';
    if (value === 'Infinity') return 'POSITIVE_INFINITY';
    if (value === '-Infinity') return 'NEGATIVE_INFINITY';
    const point = value.indexOf('.');
    const digits = point === -1 ? 0 : value.length - point - 1;
    if (digits >= scale) return value;
    return `${value}${point === -1 ? '.' : ''}${'0'.repeat(scale - digits)}`;
  };
}

/** Money's text is for people (lc_monetary C: "-$1,234.50"). */
export function money(options: TypeOptions): [Schema, Decode] {
  const number = (value: string): string => value.replace(/[^0-9.-]/g, '');
  if (options.decimals === 'string') return [plain('string'), number];
  if (options.decimals === 'double') return [plain('float64'), (value) => Number(number(value))];
  const scale = options.moneyFractionDigits;
  const schema = semantic('bytes', DECIMAL, { parameters: { scale: String(scale) } });
  return [schema, (value) => Decimal.from(number(value)).toScale(scale).toBytes()];
}
