import { EvpipeError } from '../support/errors.js';

/**
 * A column's type as far as comparing needs it: domains are resolved to what they are over, and extension types,
 * enums and composites are told apart from built-in types, whose object ids are the same on every server.
 */
export interface ColumnType {
  /** As people write it: `numeric(10,2)`, `timestamp(3) with time zone`, `mood`. */
  readonly shown: string;
  /** The type below domains, without modifier: `numeric`, `timestamp with time zone`. An array's is that of its elements. */
  readonly base: string;
  readonly isArray: boolean;
  /** `other`: enum, composite, or of an extension. */
  readonly origin: 'built-in' | 'enum' | 'other';
  /** Total digits of a numeric that has a limit. */
  readonly digits: number | undefined;
}

/** The rows that `typeQuery` answers begin with these columns. */
export const TYPE_COLUMNS = `
  format_type(shown.oid, shown.mod), format_type(base.oid, NULL), (shown.element_of IS NOT NULL)::text,
  CASE WHEN base.typtype = 'e' THEN 'enum' WHEN base.oid < 16384 AND base.typtype IN ('b', 'r', 'm', 'p') THEN 'built-in' ELSE 'other' END,
  CASE WHEN base.oid = 1700 AND base.mod > 3 THEN (((base.mod - 4) >> 16) & 65535)::text END`;

/**
 * Resolves (oid, mod) pairs of `given` through arrays and domains: a domain over numeric(10,2)[] becomes numeric(10,2).
 * `given` is SQL that yields columns `n`, `oid`, `mod`.
 */
export function typeQuery(given: string): string {
  return `WITH RECURSIVE given AS (${given}),
    step AS (
      SELECT n, oid, mod, false AS array_seen, 0 AS depth FROM given
      UNION ALL
      SELECT step.n,
             CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
             CASE WHEN t.typtype = 'd' AND t.typtypmod >= 0 THEN t.typtypmod ELSE step.mod END,
             step.array_seen OR t.typtype <> 'd', step.depth + 1
        FROM step JOIN pg_type t ON t.oid = step.oid
       WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0)
    ),
    base AS (SELECT DISTINCT ON (step.n) step.n, t.oid, step.mod, t.typtype, step.array_seen
               FROM step JOIN pg_type t ON t.oid = step.oid ORDER BY step.n, step.depth DESC),
    shown AS (SELECT given.n, given.oid, given.mod, CASE WHEN base.array_seen THEN base.oid END AS element_of
                FROM given JOIN base USING (n))
  SELECT ${TYPE_COLUMNS} FROM shown JOIN base USING (n) ORDER BY n`;
}

export function parseType([shown, base, isArray, origin, digits]: readonly (string | null)[]): ColumnType {
  if (shown == null || base == null)
    throw new EvpipeError('EVPIPE_TYPE_UNKNOWN', 'the server does not know a column type');
  return {
    shown,
    base,
    isArray: isArray === 'true',
    origin: origin === 'enum' || origin === 'built-in' ? origin : 'other',
    digits: digits == null ? undefined : Number(digits),
  };
}

/** A built-in type by its name, for expressions and tests. */
export const plainType = (shown: string): ColumnType => ({
  shown,
  base: shown.replace(/\([^)]*\)/, '').replace(/\[\]$/, ''),
  isArray: shown.endsWith('[]'),
  origin: 'built-in',
  digits: undefined,
});
