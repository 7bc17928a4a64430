import { isJsonObject, JsonNumber } from '../../protocol/json/parse.js';
import { formatType, type SqlType } from '../../protocol/ksql/types.js';
import { castTo } from '../expressions/cast.js';
import { jsonReader, type Reader } from '../formats/json-reader.js';
import { StatementError } from '../statement-error.js';
import type { TypeOf, Value } from '../values/value.js';

/**
 * A reader of what a client sends for a column. It is stricter than the reader of JSON in topics: a text is no number,
 * nothing but a text is a STRING, and numbers have to fit. Dates and times are texts.
 */
export function clientReader(type: SqlType): Reader {
  const read = partReader(type);
  return (json) => {
    try {
      return read(json);
    } catch {
      throw new StatementError(
        `Can't coerce a field of type class ${javaClass(json)} (${shown(json)}) into type ${formatType(type)}`,
        40000,
      );
    }
  };
}

const shown = (json: unknown): string => (typeof json === 'object' ? JSON.stringify(json) : String(json));

/** Clients of the field know values by the classes of ksqlDB's own. */
function javaClass(json: unknown): string {
  if (typeof json === 'string') return 'java.lang.String';
  if (typeof json === 'boolean') return 'java.lang.Boolean';
  if (typeof json === 'number') {
    if (!Number.isInteger(json)) return 'java.lang.Double';
    return isInteger(json) ? 'java.lang.Integer' : 'java.lang.Long';
  }
  if (json instanceof JsonNumber) return 'java.math.BigInteger';
  return Array.isArray(json) ? 'io.vertx.core.json.JsonArray' : 'io.vertx.core.json.JsonObject';
}

function partReader(type: SqlType): Reader {
  const make: ((type: never) => Reader) | undefined = READERS[type.kind];
  const read = make?.(type as never) ?? jsonReader(type);
  return (json) => (json === null || json === undefined ? null : read(json));
}

const isNumber = (json: unknown): boolean => typeof json === 'number' || json instanceof JsonNumber;
const isText = (json: unknown): json is string => typeof json === 'string';
const isInteger = (json: unknown): boolean => typeof json === 'number' && (json | 0) === json;
const isWhole = (json: unknown): boolean =>
  json instanceof JsonNumber
    ? /^-?\d+$/.test(json.text) && BigInt.asIntN(64, BigInt(json.text)) === BigInt(json.text)
    : Number.isInteger(json);

function refuse(): never {
  throw new TypeError('of another type');
}

/** Read as JSON in topics is, where it is what it has to be. */
const only =
  (isAllowed: (json: unknown) => boolean) =>
  (type: SqlType): Reader => {
    const read = jsonReader(type);
    return (json) => (isAllowed(json) ? read(json) : refuse());
  };

const textOrNumber = (type: SqlType): Reader => {
  const [fromText, fromNumber] = [castTo({ kind: 'STRING' }, type), jsonReader(type)];
  return (json) => (isText(json) ? (fromText?.(json) ?? refuse()) : isNumber(json) ? fromNumber(json) : refuse());
};

const READERS: { readonly [Kind in SqlType['kind']]?: (type: TypeOf<Kind>) => Reader } = {
  INTEGER: only(isInteger),
  BIGINT: only(isWhole),
  DOUBLE: only(isNumber),
  STRING: only(isText),
  DATE: textOrNumber,
  TIME: textOrNumber,
  TIMESTAMP: textOrNumber,
  ARRAY: ({ element }) => {
    const read = partReader(element);
    return (json) => (Array.isArray(json) ? json.map(read) : refuse());
  },
  MAP: ({ value }) => {
    const read = partReader(value);
    return (json) =>
      isJsonObject(json) ? new Map(Object.entries(json).map(([key, each]) => [key, read(each)])) : refuse();
  },
  STRUCT: ({ fields }) => {
    const readers = fields.map(({ name, type }) => ({ name, read: partReader(type) }));
    return (json): Value[] =>
      isJsonObject(json) ? readers.map(({ name, read }) => read(fieldOf(json, name))) : refuse();
  },
};

/** By its exact name before any other spelling. */
const fieldOf = (json: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(json, name)
    ? json[name]
    : Object.entries(json).find(([each]) => each.toUpperCase() === name.toUpperCase())?.[1];
