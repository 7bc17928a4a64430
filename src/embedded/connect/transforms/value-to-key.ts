import { required } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import { Schema, Struct, type Value } from '../data/schema.js';
import { APACHE, bySchema, nullReplacer, REPLACE_NULL, requireStruct, type TransformPlugin } from './transform.js';

export const valueToKey: TransformPlugin = {
  className: `${APACHE}.ValueToKey`,
  meaning: 'A key made of fields of the value.',
  options: [required('LIST', 'fields', 'Field names on the record value to extract as the record key.'), REPLACE_NULL],
  create(options) {
    const names = options.list('fields');
    const replaced = nullReplacer(options);
    const keySchema = bySchema(
      (schema) =>
        new Schema('struct', {
          fields: names.map((name) => {
            const field = schema.field(name);
            if (field === undefined) throw dataFailure(`Field does not exist: ${name}`);
            return [name, field.schema] as const;
          }),
        }),
    );
    return (record) => {
      if (record.valueSchema === undefined && record.value instanceof Map) {
        const map = record.value;
        return {
          ...record,
          keySchema: undefined,
          key: new Map<Value, Value>(names.map((name) => [name, map.get(name) ?? null])),
        };
      }
      const value = requireStruct(record.value, 'copying fields from value to key');
      const schema = keySchema(value.schema);
      return {
        ...record,
        keySchema: schema,
        key: new Struct(
          schema,
          schema.fields.map((field) => replaced(field.schema, value.get(field.name))),
        ),
      };
    };
  },
};
