import { required } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import { parseLiteral } from '../data/literal.js';
import type { RecordHeader } from '../data/record.js';
import { type Schema, Struct } from '../data/schema.js';
import {
  APACHE,
  bySchema,
  configFailure,
  nullReplacer,
  onKeyAndValue,
  REPLACE_NULL,
  requireMap,
  requireStruct,
  type TransformPlugin,
  withFields,
} from './transform.js';

export const headerFrom = onKeyAndValue(
  'HeaderFrom',
  'Fields copied or moved into headers.',
  [
    required('LIST', 'fields', 'Field names in the record whose values are to be copied or moved to headers.'),
    required('LIST', 'headers', 'Header names, in the same order as the field names.'),
    { ...required('STRING', 'operation', 'Either move or copy.'), oneOf: ['move', 'copy'] },
    REPLACE_NULL,
  ],
  (options, side) => {
    const fields = options.list('fields');
    const names = options.list('headers');
    const operation = options.choice('operation');
    const moves = operation === 'move';
    if (fields.length !== names.length)
      throw configFailure("'fields' config must have the same number of elements as 'headers' config.");
    const replaced = nullReplacer(options);
    const remaining = bySchema((schema) =>
      withFields(
        schema,
        schema.fields.filter((field) => !fields.includes(field.name)).map((field) => [field.name, field.schema]),
      ),
    );
    const header = (index: number, schema: Schema | undefined, value: RecordHeader['value']): RecordHeader => ({
      name: names[index] ?? '',
      schema,
      value,
    });
    return (record) => {
      const value = side.value(record);
      if (side.schema(record) === undefined) {
        const map = requireMap(value, `header ${operation}`);
        const added = fields.map((name, index) => header(index, undefined, map.get(name) ?? null));
        const kept = moves ? new Map([...map].filter(([name]) => !fields.includes(String(name)))) : map;
        return side.with({ ...record, headers: [...record.headers, ...added] }, undefined, kept);
      }
      const struct = requireStruct(value, `header ${operation}`);
      const added = fields.map((name, index): RecordHeader => {
        const field = struct.schema.field(name);
        if (field === undefined) throw dataFailure(`Field does not exist: ${name}`);
        return header(index, field.schema, replaced(field.schema, struct.values[field.index]));
      });
      const withHeaders = { ...record, headers: [...record.headers, ...added] };
      if (!moves) return withHeaders;
      const schema = remaining(struct.schema);
      const values = schema.fields.map((field) => replaced(field.schema, struct.get(field.name)));
      return side.with(withHeaders, schema, new Struct(schema, values));
    };
  },
);

export const insertHeader: TransformPlugin = {
  className: `${APACHE}.InsertHeader`,
  meaning: 'A fixed value, of the type that its text looks like.',
  options: [required('STRING', 'header', 'The name of the header.'), required('STRING', 'value.literal', 'Its value.')],
  create(options) {
    const header = { name: options.string('header'), ...parseLiteral(options.raw['value.literal'] ?? '') };
    return (record) => ({ ...record, headers: [...record.headers, header] });
  },
};

export const dropHeaders: TransformPlugin = {
  className: `${APACHE}.DropHeaders`,
  meaning: 'Removes headers by name.',
  options: [required('LIST', 'headers', 'The name of the headers to be removed.')],
  create(options) {
    const names = new Set(options.list('headers'));
    return (record) => ({ ...record, headers: record.headers.filter((header) => !names.has(header.name)) });
  },
};
