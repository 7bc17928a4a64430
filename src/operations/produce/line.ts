import { EvpipeError } from '../../support/errors.js';
import { isPlainObject } from '../../support/plain-object.js';

/** A record as its line says it, before its subject encodes it. */
export interface ProducedLine {
  readonly key: unknown;
  /** Null: a tombstone. */
  readonly value: unknown;
  readonly headers: ReadonlyArray<readonly [name: string, value: string | null]>;
  readonly partition: number | undefined;
}

export interface LineForm {
  /** The whole line is the value, not a record with key, value and headers. */
  readonly valuesOnly: boolean;
  /** The field of the value that is the key, where the line names no key. */
  readonly keyField: string | undefined;
}

/** Those of `tail --output json` too, so that what it prints can be produced again. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['key', 'value', 'headers', 'partition'],
  ...['topic', 'offset', 'timestamp', 'format', 'schema', 'problem'],
]);

/** Throws EVPIPE_PRODUCE_LINE (kind usage) that names the line. */
export function parseLine(text: string, number: number, { valuesOnly, keyField }: LineForm): ProducedLine {
  const refuse = (why: string): EvpipeError =>
    new EvpipeError('EVPIPE_PRODUCE_LINE', `line ${number}: ${why}`, { kind: 'usage', todo: FORM });
  const record = parsed(text, refuse);
  const fields = valuesOnly ? { value: record } : isPlainObject(record) ? record : undefined;
  if (fields === undefined) throw refuse('a record is an object with value, and key, headers and partition');
  const unknown = Object.keys(fields).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw refuse(`unknown field ${unknown} of a record`);
  const { key, value, headers, partition } = fields as Record<string, unknown>;
  if (value === undefined) throw refuse('a record needs value; null is a tombstone');
  const fromValue = keyField !== undefined && isPlainObject(value) ? value[keyField] : undefined;
  if (keyField !== undefined && key === undefined && fromValue === undefined)
    throw refuse(`the value has no field ${keyField} for the key`);
  if (partition !== undefined && !(Number.isSafeInteger(partition) && Number(partition) >= 0))
    throw refuse('partition is not a whole number');
  return {
    key: key ?? fromValue ?? null,
    value,
    headers: headersOf(headers, refuse),
    partition: partition as number | undefined,
  };
}

const FORM =
  'One record a line: {"key": "1", "value": {…}, "headers": {"a": "b"}}; with --values the line is the value.';

type Refuse = (why: string) => EvpipeError;

function parsed(text: string, refuse: Refuse): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('is not valid JSON');
  }
}

/** `{"a": "b"}` or `[["a", "b"]]`, which may name a header twice. */
function headersOf(headers: unknown, refuse: Refuse): ProducedLine['headers'] {
  const pairs: readonly unknown[] = Array.isArray(headers) ? headers : Object.entries(headers ?? {});
  return pairs.map((pair) => {
    const [name, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (typeof name !== 'string' || (typeof value !== 'string' && value !== null))
      throw refuse('headers must map names to strings');
    return [name, value];
  });
}
