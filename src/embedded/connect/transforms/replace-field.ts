import { optional, splitList } from '../../../protocol/connect/option.js';
import { Struct, type Value } from '../data/schema.js';
import { bySchema, nullReplacer, onKeyAndValue, REPLACE_NULL, requireStruct, withFields } from './transform.js';

export const replaceField = onKeyAndValue(
  'ReplaceField',
  'Leaves fields out, keeps only some, or renames them.',
  [
    optional('LIST', 'exclude', '', 'Fields to exclude.'),
    optional('LIST', 'include', '', 'Fields to include.'),
    optional('LIST', 'renames', '', 'Field rename mappings: old:new.', {
      check: (list) =>
        splitList(list)
          .filter((pair) => pair.split(':').length !== 2)
          .map((pair) => `Invalid rename mapping: ${pair}`)[0],
    }),
    optional('LIST', 'blacklist', '', 'Older name of exclude.'),
    optional('LIST', 'whitelist', '', 'Older name of include.'),
    REPLACE_NULL,
  ],
  (options, side) => {
    const excluded = new Set([...options.list('exclude'), ...options.list('blacklist')]);
    const included = new Set([...options.list('include'), ...options.list('whitelist')]);
    const renames = new Map(options.list('renames').map((pair) => pair.split(':') as [string, string]));
    const kept = (name: string): boolean => !excluded.has(name) && (included.size === 0 || included.has(name));
    const renamed = (name: string): string => renames.get(name) ?? name;
    const replaced = nullReplacer(options);
    const plan = bySchema((schema) => {
      const fields = schema.fields.filter((field) => kept(field.name));
      return {
        fields,
        schema: withFields(
          schema,
          fields.map((field) => [renamed(field.name), field.schema] as const),
        ),
      };
    });
    return (record) => {
      const value = side.value(record);
      const schema = side.schema(record);
      if (schema === undefined && value instanceof Map) {
        const entries = [...value].filter(([name]) => kept(String(name)));
        return side.with(
          record,
          undefined,
          new Map<Value, Value>(entries.map(([name, one]) => [renamed(String(name)), one])),
        );
      }
      if (value === null) return record;
      const struct = requireStruct(value, 'field replacement');
      const { fields, schema: changed } = plan(struct.schema);
      return side.with(
        record,
        changed,
        new Struct(
          changed,
          fields.map((field) => replaced(field.schema, struct.values[field.index])),
        ),
      );
    };
  },
);
