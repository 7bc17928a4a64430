/**
 * How values become text so that equal values give equal text on both sides. Where both sides have the same type the
 * server's own text output is exact (with the session settings of table-side.ts). Where types differ but mean the same,
 * both are brought to one form; everything else is compared as text and reported as it is.
 */

const NUMBERS: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision']);
const INSTANTS: ReadonlySet<string> = new Set(['timestamp without time zone', 'timestamp with time zone']);

/** The type without its modifier: `numeric(10,2)` is numeric, `timestamp(3) with time zone` is timestamp with time zone. */
export function baseType(type: string): string {
  return type
    .replace(/\([^)]*\)/, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The SQL that renders `expression` of `ownType`, to be compared with a value of `otherType`. */
export function renderSql(expression: string, ownType: string, otherType: string): string {
  const [own, other] = [baseType(ownType), baseType(otherType)];
  if (own !== other) {
    if (NUMBERS.has(own) && NUMBERS.has(other)) return `trim_scale((${expression})::numeric)::text`;
    if (INSTANTS.has(own) && INSTANTS.has(other)) {
      const instant = own === 'timestamp with time zone' ? `(${expression}) AT TIME ZONE 'UTC'` : `(${expression})`;
      return `to_char(${instant}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
    }
    if (isJson(own) && isJson(other)) return `(${expression})::jsonb::text`;
  }
  return `(${expression})::text`;
}

const isJson = (type: string): boolean => type === 'json' || type === 'jsonb';
