import type { Value } from '../data/schema.js';
import type { ColumnCodec } from './column-codec.js';
import type { PgType } from './types.js';

/** What stands for a function's result (`nextval(…)`, `now()`), which no schema can know. */
const GENERATED: Readonly<Record<string, string>> = {
  int2: '0',
  int4: '0',
  int8: '0',
  float4: '0',
  float8: '0',
  numeric: '0',
  money: '0',
  bool: 'f',
  bpchar: '',
  char: '',
  varchar: '',
  text: '',
  citext: '',
  json: '{}',
  jsonb: '{}',
  xml: '',
  uuid: '00000000-0000-0000-0000-000000000000',
  date: '1970-01-01',
  time: '00:00:00',
  timetz: '00:00:00+00',
  timestamp: '1970-01-01 00:00:00',
  timestamptz: '1970-01-01 00:00:00+00',
  interval: '00:00:00',
};

/** Types whose default is not told at all. */
const WITHOUT_DEFAULT = new Set(['bytea', 'money', 'box', 'circle', 'line', 'lseg', 'path', 'point', 'polygon']);

const FUNCTION = /^\(?[A-Za-z_][\w."]*\(.*\)/s;
const CURRENT = /^\(?(CURRENT_(DATE|TIME|TIMESTAMP)|LOCAL(TIME|TIMESTAMP))\b/i;
const LITERAL = /^\(?B?'((?:[^']|'')*)'(?:::[\w\s"."()[\],]+)?\)?(?:::[\w\s"."()[\],]+)?$/;
const CAST = /^\(?(-?[\w.+-]+)\)?(?:::[\w\s"."()[\],]+)?$/;

/** The schema default of a column from the catalogue's expression; undefined: none, as for expressions that compute. */
export function defaultValue(
  expression: string | null,
  type: PgType | undefined,
  codec: ColumnCodec,
): Value | undefined {
  // Domains have none, whatever they are made of; the real one looks no further than the domain's own name.
  if (type === undefined || type.kind === 'd') return undefined;
  const typeName = type.name;
  if (expression === null || WITHOUT_DEFAULT.has(typeName)) return undefined;
  if (codec.schema.type === 'struct' || codec.schema.type === 'array') return undefined;
  const text = textOf(expression, typeName);
  if (text === undefined) return undefined;
  try {
    const value = codec.decode(text);
    return value === null || (typeof value === 'number' && Number.isNaN(value)) ? undefined : value;
  } catch {
    return undefined; // an expression that is no literal of this type has no default a schema could state
  }
}

function textOf(expression: string, typeName: string): string | undefined {
  if (FUNCTION.test(expression) || CURRENT.test(expression)) return GENERATED[typeName];
  const literal = LITERAL.exec(expression);
  if (literal?.[1] !== undefined) return literal[1].replaceAll("''", "'");
  const bare = CAST.exec(expression)?.[1];
  if (bare === undefined || bare.toUpperCase() === 'NULL') return undefined;
  return /^(int|float|numeric|money)/.test(typeName) && !Number.isFinite(Number(bare)) ? undefined : bare;
}
