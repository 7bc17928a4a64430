import { optional } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import { Struct } from '../data/schema.js';
import { bySchema, configFailure, nullReplacer, onKeyAndValue, REPLACE_NULL } from './transform.js';

export const setSchemaMetadata = onKeyAndValue(
  'SetSchemaMetadata',
  'Another name or version of the schema.',
  [
    optional('STRING', 'schema.name', null, 'Schema name to set.', { importance: 'HIGH' }),
    optional('INT', 'schema.version', null, 'Schema version to set.', { importance: 'HIGH' }),
    REPLACE_NULL,
  ],
  (options, side) => {
    const name = options.text('schema.name');
    const version = options.text('schema.version');
    if (name === undefined && version === undefined) throw configFailure('Neither schema name nor version configured');
    const replaced = nullReplacer(options);
    const changed = bySchema((schema) =>
      schema.with({
        ...(name === undefined ? {} : { name }),
        ...(version === undefined ? {} : { version: Number(version) }),
      }),
    );
    return (record) => {
      const schema = side.schema(record);
      const value = side.value(record);
      if (schema === undefined) {
        if (value === null) return record;
        throw dataFailure('Schema required for [updating schema metadata]');
      }
      if (schema.type !== 'struct') throw dataFailure('Cannot list fields on non-struct type');
      const updated = changed(schema);
      if (!(value instanceof Struct)) return side.with(record, updated, value);
      const values = value.schema.fields.map((field) => replaced(field.schema, value.values[field.index]));
      return side.with(record, updated, new Struct(updated, values));
    };
  },
);
