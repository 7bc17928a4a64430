import type { FieldValue } from '../clients/documents/contract.js';
import { fieldValueOf } from '../clients/documents/field-value.js';
import { decimalText } from '../clients/documents/json-text.js';
import { parseJson } from '../protocol/json/parse.js';

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

/** Stands for the type of a document's field: what it holds is known only value by value. */
export const DOCUMENT = 'document';

/** What a text that no column can hold begins with: PostgreSQL's texts have no NUL. What follows is for people. */
const NO_SUCH_VALUE = '\0';

/** How a report shows a rendered value. */
export const shownValue = (value: string | null): string | null =>
  value?.startsWith(NO_SUCH_VALUE) === true ? value.slice(1) : value;

/**
 * A field's value in the form that `renderSql` gives a column of this type, so that equal values are equal texts. A field
 * that is not there, and a value of another kind than the column's, equal nothing a column can hold.
 * Numbers are numbers; bigint and numeric may also travel as decimal texts, which JSON's readers don't round.
 */
export function renderField(value: FieldValue, columnType: string): string | null {
  if (value.kind === 'null') return null;
  if (value.kind === 'missing') return `${NO_SUCH_VALUE}(no such field)`;
  const type = baseType(columnType);
  const rendered = renderAs(type, value);
  return rendered ?? `${NO_SUCH_VALUE}${asJson(value)} (a ${value.kind}, no ${type})`;
}

type Held = Exclude<FieldValue, { readonly kind: 'null' | 'missing' }>;

/** Undefined: no value of this type. */
function renderAs(type: string, { kind, text }: Held): string | undefined {
  if (kind === 'untyped') return renderText(type, text);
  if (type === DOCUMENT) return asJson({ kind, text } as Held);
  if (NUMBERS.has(type)) {
    const exact = type === 'bigint' || type === 'numeric';
    if (kind === 'number') return text;
    return exact && kind === 'text' && /^-?\d+(\.\d+)?$/.test(text) ? decimalText(text) : undefined;
  }
  if (isJson(type) || type.endsWith('[]')) return asJson({ kind, text } as Held);
  if (type === 'boolean') return kind === 'boolean' ? text : undefined;
  if (INSTANTS.has(type)) return kind === 'text' || kind === 'instant' ? instantText(text) : undefined;
  if (type === 'date' && kind === 'instant') return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : undefined;
  if (kind !== 'text') return undefined;
  return type === 'uuid' ? text.toLowerCase() : text;
}

/** What has no type of its own, read as the column's. */
function renderText(type: string, text: string): string | undefined {
  if (NUMBERS.has(type))
    return /^[+-]?\d*\.?\d+(e[+-]?\d+)?$|^-?(nan|infinity)$/i.test(text) ? decimalText(text) : undefined;
  if (type === 'boolean') return BOOLEANS.get(text.toLowerCase());
  if (INSTANTS.has(type)) return instantText(text);
  if (type !== DOCUMENT && !isJson(type) && !type.endsWith('[]')) return type === 'uuid' ? text.toLowerCase() : text;
  const value = jsonIn(text);
  if (value === undefined) return type === DOCUMENT ? JSON.stringify(text) : undefined;
  return value.kind === 'null' || value.kind === 'missing' ? 'null' : asJson(value);
}

function jsonIn(text: string): FieldValue | undefined {
  try {
    return fieldValueOf(parseJson(text, 'text'));
  } catch {
    return undefined;
  }
}

/** As PostgreSQL reads them. */
const BOOLEANS: ReadonlyMap<string, string> = new Map([
  ...['t', 'true', 'y', 'yes', 'on', '1'].map((text) => [text, 'true'] as const),
  ...['f', 'false', 'n', 'no', 'off', '0'].map((text) => [text, 'false'] as const),
]);

const asJson = ({ kind, text }: Held): string => (kind === 'text' || kind === 'instant' ? JSON.stringify(text) : text);

const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** ISO 8601 in UTC with six digits; what has no zone is UTC. Undefined where it is no point in time. */
function instantText(text: string): string | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [, day, hour, minute, second = '00', fraction = '', zone = 'Z'] = match;
  const offset = /^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2').toUpperCase();
  const time = new Date(`${day}T${hour}:${minute}:${second}${offset}`);
  return Number.isNaN(time.getTime()) ? undefined : `${time.toISOString().slice(0, 19)}.${fraction.padEnd(6, '0')}`;
}

/** SQL of a column beside a document's field: the common form is that of the column's type. */
export function renderForField(expression: string, columnType: string): string {
  const type = baseType(columnType);
  // Over text: the direct way from a double to numeric rounds to 15 digits.
  if (NUMBERS.has(type)) return `trim_scale((${expression})::text::numeric)::text`;
  if (INSTANTS.has(type)) return instantSql(expression, type);
  if (isJson(type)) return `(${expression})::jsonb::text`;
  return type.endsWith('[]') ? `to_jsonb(${expression})::text` : `(${expression})::text`;
}

function instantSql(expression: string, type: string): string {
  const instant = type === 'timestamp with time zone' ? `(${expression}) AT TIME ZONE 'UTC'` : `(${expression})`;
  return `to_char(${instant}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
}

const isJson = (type: string): boolean => type === 'json' || type === 'jsonb';
