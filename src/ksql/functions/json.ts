import { Decimal } from '../../protocol/decimal.js';
import { isJsonObject, type Json, JsonNumber, parseJson } from '../../protocol/json/parse.js';
import { stringifyJson } from '../../protocol/json/stringify.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { jsonWriter } from '../formats/json-writer.js';
import type { Value } from '../values/value.js';
import { type ScalarFunction, scalar, variant } from './definition.js';

/** `$.a.b[0]['c d']` as its steps; undefined where it is not such a path. */
function steps(path: string): ReadonlyArray<string | number> | undefined {
  if (!path.startsWith('$')) return undefined;
  const found: Array<string | number> = [];
  const step = /\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/y;
  step.lastIndex = 1;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (match === null) return undefined;
    const [, name, index, single, double] = match;
    found.push(index === undefined ? (name ?? single ?? double ?? '') : Number(index));
  }
  return found;
}

/** The first document of a text; what follows it is not looked at, as in Jackson. Undefined where there is none. */
function parsed(text: string): Json | undefined {
  try {
    return parseJson(firstDocument(text), 'text');
  } catch {
    return undefined;
  }
}

function firstDocument(text: string): string {
  const from = text.search(/\S/);
  if (from === -1) return '';
  if (!'{["'.includes(text[from] ?? '')) return /[^\s,\]}]*/.exec(text.slice(from))?.[0] ?? '';
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '"') at = endOfString(text, at);
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
    if (depth === 0) return text.slice(from, at + 1);
  }
  return text.slice(from);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function extract(text: string, path: string): string | null {
  const way = steps(path);
  if (way === undefined) throw new RangeError(`Invalid JSON path: ${path}`);
  let json = parsed(text);
  for (const step of way) {
    if (typeof step === 'number') json = Array.isArray(json) ? json[step] : undefined;
    else json = isJsonObject(json) && Object.hasOwn(json, step) ? json[step] : undefined;
    if (json === undefined) return null;
  }
  if (json === null || json === undefined) return null;
  return typeof json === 'string' ? json : stringifyJson(json);
}

function concat(...texts: Array<string | null>): string | null {
  const values = texts.map((text) => (text === null ? undefined : parsed(text)));
  if (values.includes(undefined)) return null;
  if (values.every(isJsonObject)) return stringifyJson(Object.assign({}, ...values));
  return stringifyJson(values.flatMap((value) => (Array.isArray(value) ? value : [value])));
}

function arrayContains(text: string, value: Value): boolean {
  const list = parsed(text);
  if (!Array.isArray(list)) return false;
  return list.some((each) => {
    if (each instanceof JsonNumber || typeof each === 'number') {
      const number = Decimal.parse(String(each));
      const wanted = typeof value === 'string' || typeof value === 'boolean' ? undefined : Decimal.parse(String(value));
      return number !== undefined && wanted?.compare(number) === 0;
    }
    return each === value;
  });
}

const toJson = (value: Value, type: SqlType | undefined): string =>
  type === undefined ? 'null' : jsonWriter(type, 'text')(value);

export const JSON_FUNCTIONS: readonly ScalarFunction[] = [
  scalar(
    'JSON',
    'EXTRACTJSONFIELD',
    'What stands at a path in a JSON text, as text.',
    variant('(STRING, STRING) STRING', extract),
  ),
  scalar('JSON', 'IS_JSON_STRING', 'Whether the text is JSON.', {
    signature: '(STRING) BOOLEAN',
    takesNulls: true,
    run: (text: string | null) => text !== null && parsed(text) !== undefined,
  }),
  scalar(
    'JSON',
    'JSON_ARRAY_LENGTH',
    'The number of elements of a JSON array.',
    variant('(STRING) INTEGER', (text: string) => {
      const json = parsed(text);
      return Array.isArray(json) ? json.length : null;
    }),
  ),
  scalar('JSON', 'JSON_ARRAY_CONTAINS', 'Whether a JSON array holds a value.', {
    signature: '(STRING, T) BOOLEAN',
    takesNulls: true,
    run: (text: string | null, value: Value) => text !== null && arrayContains(text, value),
  }),
  scalar(
    'JSON',
    'JSON_KEYS',
    'The names of the fields of a JSON object.',
    variant('(STRING) ARRAY<STRING>', (text: string) => {
      const json = parsed(text);
      return isJsonObject(json) ? Object.keys(json) : null;
    }),
  ),
  scalar(
    'JSON',
    'JSON_ITEMS',
    'The elements of a JSON array, as JSON.',
    variant('(STRING) ARRAY<STRING>', (text: string) => {
      const json = parsed(text);
      return Array.isArray(json) ? json.map(stringifyJson) : null;
    }),
  ),
  scalar(
    'JSON',
    'JSON_RECORDS',
    'The fields of a JSON object as a map to JSON.',
    variant('(STRING) MAP<STRING, STRING>', (text: string) => {
      const json = parsed(text);
      return isJsonObject(json)
        ? new Map(Object.entries(json).map(([key, value]) => [key, stringifyJson(value)]))
        : null;
    }),
  ),
  scalar('JSON', 'JSON_CONCAT', 'Objects merged, or all arguments in one array.', {
    signature: '(STRING, STRING...) STRING',
    takesNulls: true,
    run: concat,
  }),
  scalar('JSON', 'TO_JSON_STRING', 'Any value as JSON.', {
    signature: '(ANY) STRING',
    takesNulls: true,
    prepare:
      ([type]) =>
      (value: Value) =>
        toJson(value, type),
  }),
];
