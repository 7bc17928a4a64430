import { optional, required } from '../../../protocol/connect/option.js';
import { ConnectFailure } from '../data/failure.js';
import type { Value } from '../data/schema.js';
import { nullReplacer, onKeyAndValue, REPLACE_NULL, requireStruct, type TransformPlugin } from './transform.js';

export const extractField: readonly TransformPlugin[] = onKeyAndValue(
  'ExtractField',
  'One field instead of the whole; null stays null.',
  [
    required('STRING', 'field', 'Field name to extract.'),
    optional('STRING', 'field.syntax.version', 'V1', 'V1: a name; V2: dots lead into nested fields.', {
      oneOf: ['v1', 'v2'],
    }),
    REPLACE_NULL,
  ],
  (options, side) => {
    const name = options.string('field');
    const path = options.choice('field.syntax.version') === 'v2' ? fieldPath(name) : [name];
    const replaced = nullReplacer(options);
    return (record) => {
      let schema = side.schema(record);
      let value: Value = side.value(record);
      if (schema === undefined) {
        if (value === null) return record;
        if (!(value instanceof Map)) requireStruct(value, 'field extraction');
        for (const step of path) value = value instanceof Map ? (value.get(step) ?? null) : null;
        return side.with(record, undefined, value);
      }
      if (value !== null) requireStruct(value, 'field extraction');
      for (const step of path) {
        const field = schema.field(step);
        if (field === undefined)
          throw new ConnectFailure(`Unknown field: ${name}`, { className: 'java.lang.IllegalArgumentException' });
        if (value !== null) value = requireStruct(value, 'field extraction').values[field.index] ?? null;
        schema = field.schema;
      }
      return side.with(record, schema, replaced(schema, value));
    };
  },
);

/** Names between dots; backticks around one that has dots itself (KIP-821). */
function fieldPath(path: string): string[] {
  return [...path.matchAll(/`((?:\\`|[^`])*)`(?:\.|$)|([^.]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('\\`', '`') ?? plain ?? '',
  );
}
