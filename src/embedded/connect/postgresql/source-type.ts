import type { ColumnInfo, TableInfo } from './catalogue.js';
import type { PgType } from './types.js';

type Size = readonly [length: number | undefined, scale: number | undefined];

/** What PostgreSQL's JDBC driver says of types that have no length; Debezium passes its answers on. */
const UNBOUNDED = 2_147_483_647;
const NONE = -1;

/** `column.propagate.source.type`: what the column is in the database. */
export function sourceType(
  column: ColumnInfo,
  { describedBy }: TableInfo,
  types: ReadonlyMap<number, PgType>,
): Readonly<Record<string, string>> {
  const name = types.get(column.typeOid)?.name ?? '';
  const inCatalogue = describedBy === 'catalogue';
  const [length, scale] =
    inCatalogue && name === 'numeric' && column.typeModifier === NONE
      ? [0, undefined]
      : sizeOf(column.typeOid, column.typeModifier, types);
  const told = inCatalogue ? (serialName(name, column.defaultExpression) ?? name) : name;
  return {
    '__debezium.source.column.type': told.toUpperCase(),
    ...(length === undefined ? {} : { '__debezium.source.column.length': String(length) }),
    ...(scale === undefined ? {} : { '__debezium.source.column.scale': String(scale) }),
    '__debezium.source.column.name': column.name,
  };
}

const SERIALS: Readonly<Record<string, string>> = { int2: 'smallserial', int4: 'serial', int8: 'bigserial' };

/** The driver knows a serial column by its default, which relation messages do not have. */
const serialName = (type: string, defaultExpression: string | null): string | undefined =>
  defaultExpression?.includes('nextval(') === true ? SERIALS[type] : undefined;

const FIXED: Readonly<Record<string, Size>> = {
  int2: [5, 0],
  int4: [10, 0],
  oid: [10, 0],
  int8: [19, 0],
  float4: [8, 8],
  float8: [17, 17],
  bool: [1, 0],
  char: [1, 0],
  date: [13, 0],
};

/** The characters of the longest value without its fraction of a second. */
const TIMES: Readonly<Record<string, number>> = { time: 8, timetz: 14, timestamp: 22, timestamptz: 28 };

function sizeOf(oid: number, modifier: number, types: ReadonlyMap<number, PgType>): Size {
  const found = types.get(oid);
  if (found?.kind === 'd') return sizeOf(found.baseOid, modifier === NONE ? found.baseModifier : modifier, types);
  if (found !== undefined && found.elementOid !== 0) return sizeOf(found.elementOid, modifier, types);
  const type = found?.name ?? '';
  const fixed = FIXED[type];
  if (fixed !== undefined) return fixed;
  const time = TIMES[type];
  if (time !== undefined) return [time + fractionLength(modifier), modifier === NONE ? 6 : modifier];
  switch (type) {
    case 'interval':
      return [49, modifier === NONE ? 6 : modifier & 0xffff];
    case 'numeric':
      if (modifier === NONE) return [131_089, 0]; // the digits of the greatest
      return [((modifier - 4) >> 16) & 0xffff, (modifier - 4) & 0x7ff];
    case 'varchar':
    case 'bpchar':
      return [modifier === NONE ? UNBOUNDED : modifier - 4, 0];
    case 'bit':
    case 'varbit':
      return [modifier === NONE ? UNBOUNDED : modifier, 0];
    default:
      return [UNBOUNDED, 0];
  }
}

/** With its point; the driver counts two digits where there is one. */
function fractionLength(digits: number): number {
  if (digits === NONE) return 7;
  return digits === 0 ? 0 : Math.max(digits, 2) + 1;
}
