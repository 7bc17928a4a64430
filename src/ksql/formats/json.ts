import { isJsonObject, parseJson } from '../../protocol/json/parse.js';
import { formatType, type SqlType } from '../../protocol/ksql/types.js';
import type { Column } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { Value } from '../values/value.js';
import type { Format, Serde, SerdeOptions } from './format.js';
import { jsonReader, objectReader } from './json-reader.js';
import { jsonWriter, objectWriter } from './json-writer.js';

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
export function jsonSerde({ columns, wrapped }: Pick<SerdeOptions, 'columns' | 'wrapped'>): Serde {
  const [single] = columns;
  if (single !== undefined && !wrapped) {
    const [read, write] = [jsonReader(single.type), jsonWriter(single.type)];
    return {
      decode: (bytes) => [read(parseJson(bytes.toString('utf8')))],
      encode: ([value]) => (value === null || value === undefined ? null : Buffer.from(write(value), 'utf8')),
    };
  }
  const [read, write] = [objectReader(columns), objectWriter(columns)];
  return {
    decode(bytes): readonly Value[] | null {
      const json = parseJson(bytes.toString('utf8'));
      if (json === null) return null;
      if (!isJsonObject(json)) throw new TypeError('a JSON object is expected');
      return read(json);
    },
    encode: (values) => Buffer.from(write(values), 'utf8'),
  };
}
