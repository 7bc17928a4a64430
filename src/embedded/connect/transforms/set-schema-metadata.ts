import { optional } from '../config/option.js';
import { Struct } from '../data/schema.js';
import { bySchema, onKeyAndValue } from './transform.js';

/** SetSchemaMetadata: another name or version of the schema. */
export const setSchemaMetadata = onKeyAndValue(
  'SetSchemaMetadata',
  [
    optional('STRING', 'schema.name', null, 'Schema name to set.', { importance: 'HIGH' }),
    optional('INT', 'schema.version', null, 'Schema version to set.', { importance: 'HIGH' }),
    optional(
      'BOOLEAN',
      'replace.null.with.default',
      'true',
      'Whether null becomes the default of a field that has one.',
    ),
  ],
  (options, side) => {
    const name = options.text('schema.name');
    const version = options.text('schema.version');
    const changed = bySchema((schema) =>
      schema.with({
        ...(name === undefined ? {} : { name }),
        ...(version === undefined ? {} : { version: Number(version) }),
      }),
    );
    return (record) => {
      const schema = side.schema(record);
      if (schema === undefined) return record;
      const value = side.value(record);
      return side.with(
        record,
        changed(schema),
        value instanceof Struct ? new Struct(changed(schema), value.values) : value,
      );
    };
  },
);
