import { required } from '../../../protocol/connect/option.js';
import type { RecordHeader } from '../data/record.js';
import { OPTIONAL_BYTES, type Schema, Struct, type Value } from '../data/schema.js';
import { configFailure, DEBEZIUM, requireStruct, type TransformPlugin, withFields } from './transform.js';

export const headerToValue: TransformPlugin = {
  className: `${DEBEZIUM}.HeaderToValue`,
  meaning: 'Headers copied or moved into fields of the value; `after.extra` leads into a nested structure.',
  options: [
    { ...required('LIST', 'headers', 'Names of the headers.'), wording: 'debezium' },
    { ...required('LIST', 'fields', 'Names of the fields, in the order of the headers.'), wording: 'debezium' },
    {
      ...required('STRING', 'operation', 'Either move or copy.'),
      wording: 'debezium',
      oneOf: ['move', 'copy'],
    },
  ],
  create(options) {
    const names = options.list('headers');
    const fields = options.list('fields').map((path) => path.split('.'));
    const moves = options.choice('operation') === 'move';
    if (names.length !== fields.length)
      throw configFailure("'fields' config must have the same number of elements as 'headers' config.");
    return (record) => {
      if (record.value === null) return record;
      const value = requireStruct(record.value, 'Header field insertion');
      const added = record.headers.flatMap((header): Added[] => {
        const path = fields[names.indexOf(header.name)];
        return path === undefined ? [] : [{ path, header }];
      });
      if (added.length === 0) return record;
      const schema = extended(value.schema, added);
      const headers = moves ? record.headers.filter((header) => !names.includes(header.name)) : record.headers;
      return { ...record, valueSchema: schema, value: filled(schema, value, added), headers };
    };
  },
};

interface Added {
  readonly path: readonly string[];
  readonly header: RecordHeader;
}

const within = (added: readonly Added[], name: string): Added[] =>
  added.filter(({ path }) => path.length > 1 && path[0] === name).map((one) => ({ ...one, path: one.path.slice(1) }));
const here = (added: readonly Added[]): Added[] => added.filter(({ path }) => path.length === 1);

function extended(schema: Schema, added: readonly Added[]): Schema {
  const inner = schema.fields.map((field) => {
    const nested = within(added, field.name);
    return [field.name, nested.length > 0 ? extended(field.schema, nested) : field.schema] as const;
  });
  const outer = here(added).map(({ path: [name = ''], header }) => [name, header.schema ?? OPTIONAL_BYTES] as const);
  return withFields(schema, [...inner, ...outer]);
}

function filled(schema: Schema, struct: Struct, added: readonly Added[]): Struct {
  const inner = struct.schema.fields.map((field): Value => {
    const value = struct.values[field.index] ?? null;
    const nested = within(added, field.name);
    const inSchema = schema.field(field.name)?.schema;
    return nested.length > 0 && value instanceof Struct && inSchema !== undefined
      ? filled(inSchema, value, nested)
      : value;
  });
  return new Struct(schema, [...inner, ...here(added).map(({ header }) => header.value)]);
}
