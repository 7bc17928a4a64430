import { required } from '../../../protocol/connect/option.js';
import { Schema, Struct } from '../data/schema.js';
import { bySchema, onKeyAndValue } from './transform.js';

export const hoistField = onKeyAndValue(
  'HoistField',
  'The whole as one field of a new structure.',
  [required('STRING', 'field', 'Field name for the single field that will be created in the resulting Struct or Map.')],
  (options, side) => {
    const name = options.string('field');
    const hoisted = bySchema((schema) => new Schema('struct', { fields: [[name, schema]] }));
    return (record) => {
      const schema = side.schema(record);
      const value = side.value(record);
      if (schema === undefined) return side.with(record, undefined, new Map([[name, value]]));
      return side.with(record, hoisted(schema), new Struct(hoisted(schema), [value]));
    };
  },
);
