import { isJsonObject, type Json, parseJson } from '../../protocol/json/parse.js';
import { formatType, type SqlType } from '../../protocol/ksql/types.js';
import type { Column } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { Value } from '../values/value.js';
import type { Format, Serde, SerdeOptions } from './format.js';
import { byteWriter, jsonBytes, objectBytes } from './json-bytes.js';
import { PlainObjects } from './json-plain.js';
import { jsonReader, objectReader, type ReadNotes } from './json-reader.js';

function checkMaps(type: SqlType): void {
  if (type.kind === 'MAP') {
    if (type.key.kind !== 'STRING') {
      throw new StatementError(`JSON only supports MAP types with STRING keys. Got: ${formatType(type)}`);
    }
    checkMaps(type.value);
  } else if (type.kind === 'ARRAY') checkMaps(type.element);
  else if (type.kind === 'STRUCT') for (const field of type.fields) checkMaps(field.type);
}

/** Names of an object's fields are text, so the keys of maps are too. */
export function checkJson(columns: readonly Column[]): void {
  for (const { type } of columns) checkMaps(type);
}

export const JSON_FORMAT: Format = {
  name: 'JSON',
  meaning: 'An object of the columns, or one column alone.',
  inference: false,
  wrapping: 'choice',
  check: checkJson,
  async serde(options) {
    return jsonSerde(options);
  },
};

/** An object of the columns, or the one column alone. */
export function jsonSerde(options: Pick<SerdeOptions, 'columns' | 'wrapped' | 'read' | 'first'>): Serde {
  const { columns, wrapped } = options;
  const [single] = columns;
  if (single !== undefined && !wrapped) {
    const write = byteWriter(single.type);
    const decode = exactTextReader((notes) => jsonReader(single.type, notes));
    return {
      decode: (bytes) => [decode(bytes.toString('utf8'))],
      encode: ([value]) => (value === null || value === undefined ? null : jsonBytes(write, value)),
    };
  }
  const write = objectBytes(columns);
  const decode = exactTextReader((notes) => {
    const readObject = objectReader(columns, notes);
    return (json): Value[] | null => {
      if (json === null) return null;
      if (!isJsonObject(json)) throw new TypeError('a JSON object is expected');
      return readObject(json);
    };
  });
  const plain = PlainObjects.of(columns, options);
  return {
    decode: (bytes) => plain?.read(bytes) ?? decode(bytes.toString('utf8')),
    complete: (values) => plain?.complete(values),
    encode: (values) => jsonBytes(write, values),
  };
}

/** Reads quickly; where a STRING column turns out to hold numbers, again with the text that they were written in. */
function exactTextReader<Read>(create: (notes: ReadNotes) => (json: Json) => Read): (text: string) => Read {
  const notes: ReadNotes = { numbersInText: false };
  const read = create(notes);
  return (text) => {
    notes.numbersInText = false;
    const value = read(parseJson(text));
    return notes.numbersInText ? read(parseJson(text, 'text')) : value;
  };
}
