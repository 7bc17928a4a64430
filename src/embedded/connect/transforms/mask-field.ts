import { optional, required } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import { type Schema, Struct, type Value } from '../data/schema.js';
import { nullReplacer, onKeyAndValue, REPLACE_NULL, requireStruct } from './transform.js';

export const maskField = onKeyAndValue(
  'MaskField',
  'Zero, an empty text or a fixed replacement instead of a value.',
  [
    required('LIST', 'fields', 'Names of fields to mask.'),
    optional('STRING', 'replacement', null, 'Custom value replacement, for text and numbers.', {
      check: (text) => (text.trim() === '' ? 'String must be non-empty' : undefined),
    }),
    REPLACE_NULL,
  ],
  (options, side) => {
    const names = new Set(options.list('fields'));
    const replacement = options.text('replacement');
    const replaced = nullReplacer(options);
    return (record) => {
      const value = side.value(record);
      if (side.schema(record) === undefined && value instanceof Map)
        return side.with(
          record,
          undefined,
          new Map(
            [...value].map(
              ([name, one]) => [name, names.has(String(name)) ? masked(undefined, one, replacement) : one] as const,
            ),
          ),
        );
      const struct = requireStruct(value, 'mask fields');
      const values = struct.schema.fields.map((field) => {
        const one = replaced(field.schema, struct.values[field.index]);
        return names.has(field.name) ? masked(field.schema, one, replacement) : one;
      });
      return side.with(record, struct.schema, new Struct(struct.schema, values));
    };
  },
);

function masked(schema: Schema | undefined, value: Value, replacement: string | undefined): Value {
  if (value === null) return null;
  if (replacement !== undefined) {
    if (typeof value === 'string') return replacement;
    if (typeof value === 'number' || typeof value === 'bigint') {
      if (Number.isFinite(Number(replacement))) return Number(replacement);
      throw dataFailure(`Unable to convert ${replacement} (class java.lang.String) to a number`);
    }
    throw dataFailure(`Cannot mask value of type ${schema?.type ?? typeof value} with custom replacement.`);
  }
  if (typeof value === 'string') return '';
  if (typeof value === 'boolean') return false;
  if (Buffer.isBuffer(value)) {
    if (schema?.name === DECIMAL) return Buffer.from([0]);
    throw dataFailure('Cannot mask value of type: class [B');
  }
  if (Array.isArray(value)) return [];
  if (value instanceof Map) return new Map();
  if (value instanceof Struct)
    throw dataFailure('Cannot mask value of type: class org.apache.kafka.connect.data.Struct');
  return 0;
}
