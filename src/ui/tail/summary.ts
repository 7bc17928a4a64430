import type { DecodedRecord, JsonValue } from '../../operations/tail/record.js';
import { type Line, line, type Span, span, truncate } from '../text/line.js';
import { printable } from '../text/printable.js';
import { type Change, changesBetween, envelopeOf } from './before-after.js';

/** Before this many characters of a value are cut off, they are not even made. */
const SUMMARY_CHARACTERS_MAX = 4_000;
const TYPE_HEADERS = ['ce_type', 'eventType', 'event_type', 'type'];
const CHANGES_MAX = 12;

/** The key in few columns: a string as it is, an object's only field by its value. */
export function keyText(key: JsonValue): string {
  if (key === null) return '-';
  if (typeof key === 'string') return printable(key);
  if (typeof key === 'object' && !Array.isArray(key)) {
    const fields = Object.values(key);
    const [only] = fields;
    if (fields.length === 1 && only !== undefined) return keyText(only);
  }
  return printable(JSON.stringify(key));
}

/** What kind of event it is: a type header's word, or the operation of a Debezium envelope. */
export function typeText(record: DecodedRecord): string | undefined {
  const header = record.headers.find(([name]) => TYPE_HEADERS.includes(name));
  return header?.[1] == null ? envelopeOf(record.value)?.operation : printable(header[1]);
}

/**
 * One line of a value. With `changes` the difference to the row before is shown: of a Debezium envelope, or of the
 * previous value of the same key, where there is one.
 */
export function valueLine(
  record: DecodedRecord,
  options: { readonly changes: boolean; readonly previous?: JsonValue | undefined },
): Line {
  if (record.valueError !== undefined) return line(span(printable(record.valueError), 'bad'));
  if (record.value === null) return line(span('∅', 'dim'));
  if (options.changes) {
    const changes = changesOf(record.value, options.previous);
    if (changes !== undefined && changes.length > 0) return changesLine(changes);
    if (changes !== undefined) return line(span('no field changed', 'dim'));
  }
  const envelope = envelopeOf(record.value);
  const shown = envelope === undefined ? record.value : (envelope.after ?? envelope.before);
  return line(compact(shown));
}

/** Undefined where there is nothing to compare with. */
export function changesOf(value: JsonValue, previous: JsonValue | undefined): Change[] | undefined {
  const envelope = envelopeOf(value);
  if (envelope === undefined) return previous == null ? undefined : changesBetween(previous, value);
  if (envelope.before === null || envelope.after === null) return undefined;
  return changesBetween(envelope.before, envelope.after);
}

function changesLine(changes: readonly Change[]): Line {
  const spans = changes
    .slice(0, CHANGES_MAX)
    .flatMap(({ path, before, after }, at): (string | Span)[] => [
      `${at === 0 ? '' : '  '}${printable(path)} `,
      span(changeValue(before), 'dim'),
      ' → ',
      span(changeValue(after), 'strong'),
    ]);
  return line(...spans, ...(changes.length > CHANGES_MAX ? ['  …'] : []));
}

const CHANGE_COLUMNS = 40;

/** `∅` is null, `(absent)` a field that isn't there. */
export function changeValue(value: JsonValue | undefined): string {
  if (value === undefined) return '(absent)';
  if (value === null) return '∅';
  return truncate(compact(value), CHANGE_COLUMNS);
}

function compact(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return printable(text.slice(0, SUMMARY_CHARACTERS_MAX));
}

/** What the filter looks at: topic-independent text of key, headers and value. */
export function searchText(record: DecodedRecord): string {
  const headers = record.headers.map(([name, value]) => `${name}=${value ?? ''}`);
  return [keyText(record.key), ...headers, record.value === null ? '∅' : JSON.stringify(record.value)].join('\n');
}
