import { DECIMAL } from '../data/java-text.js';
import { type Schema, Struct, type Value } from '../data/schema.js';

const NAMED: Readonly<Record<string, Value>> = {
  [DECIMAL]: Buffer.from([0]),
  'io.debezium.data.Json': '{}',
  'io.debezium.time.ZonedTimestamp': '1970-01-01T00:00:00Z',
  'io.debezium.time.ZonedTime': '00:00:00Z',
  'io.debezium.time.IsoDate': '1970-01-01Z',
  'io.debezium.time.IsoTime': '00:00:00Z',
  'io.debezium.time.IsoTimestamp': '1970-01-01T00:00:00Z',
};

/** What stands for a required column that an old row was sent without (replica identity default), as Debezium has it. */
export function fallbackOf(schema: Schema): Value {
  const named = NAMED[schema.name ?? ''];
  if (named !== undefined) return named;
  switch (schema.type) {
    case 'string':
      return '';
    case 'bytes':
      return Buffer.alloc(0);
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'map':
      return new Map();
    case 'struct':
      return new Struct(
        schema,
        schema.fields.map((field) => (field.schema.optional ? null : fallbackOf(field.schema))),
      );
    default:
      return 0;
  }
}
