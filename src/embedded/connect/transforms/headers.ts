import { required } from '../config/option.js';
import type { RecordHeader } from '../data/record.js';
import { Schema, STRING, Struct, type Value } from '../data/schema.js';
import { APACHE, bySchema, onKeyAndValue, requireStruct, type TransformPlugin } from './transform.js';

/** HeaderFrom: fields copied or moved into headers. */
export const headerFrom = onKeyAndValue(
  'HeaderFrom',
  [
    required('LIST', 'fields', 'Field names in the record whose values are to be copied or moved to headers.'),
    required('LIST', 'headers', 'Header names, in the same order as the field names.'),
    { ...required('STRING', 'operation', 'Either move or copy.'), oneOf: ['move', 'copy'] },
  ],
  (options, side) => {
    const fields = options.list('fields');
    const names = options.list('headers');
    const moves = options.choice('operation') === 'move';
    const remaining = bySchema((schema) =>
      schema.with({
        fields: schema.fields
          .filter((field) => !fields.includes(field.name))
          .map((field) => [field.name, field.schema]),
      }),
    );
    return (record) => {
      const value = side.value(record);
      if (value === null) return record;
      const struct = requireStruct(value, 'header from');
      const added = fields.map(
        (name, index): RecordHeader => ({
          name: names[index] ?? name,
          schema: struct.schema.field(name)?.schema,
          value: struct.get(name),
        }),
      );
      const withHeaders = { ...record, headers: [...record.headers, ...added] };
      if (!moves) return withHeaders;
      const schema = remaining(struct.schema);
      return side.with(
        withHeaders,
        schema,
        new Struct(
          schema,
          schema.fields.map((field) => struct.get(field.name)),
        ),
      );
    };
  },
);

/** InsertHeader: a fixed value; texts that are numbers or booleans become such. */
export const insertHeader: TransformPlugin = {
  className: `${APACHE}.InsertHeader`,
  options: [required('STRING', 'header', 'The name of the header.'), required('STRING', 'value.literal', 'Its value.')],
  create(options) {
    const header = { name: options.string('header'), ...literal(options.string('value.literal')) };
    return (record) => ({ ...record, headers: [...record.headers, header] });
  },
};

function literal(text: string): { readonly schema: Schema; readonly value: Value } {
  if (/^(true|false)$/i.test(text)) return { schema: new Schema('boolean'), value: text.toLowerCase() === 'true' };
  if (/^[+-]?\d{1,15}$/.test(text)) return { schema: new Schema('int64'), value: Number(text) };
  return { schema: STRING, value: text };
}

/** DropHeaders: removes headers by name. */
export const dropHeaders: TransformPlugin = {
  className: `${APACHE}.DropHeaders`,
  options: [required('LIST', 'headers', 'The name of the headers to be removed.')],
  create(options) {
    const names = new Set(options.list('headers'));
    return (record) => ({ ...record, headers: record.headers.filter((header) => !names.has(header.name)) });
  },
};
