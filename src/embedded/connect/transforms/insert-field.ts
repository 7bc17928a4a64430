import { optional } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import type { ConnectRecord } from '../data/record.js';
import { OPTIONAL_STRING, Schema, STRING, Struct, type Value } from '../data/schema.js';
import {
  bySchema,
  configFailure,
  nullReplacer,
  onKeyAndValue,
  REPLACE_NULL,
  requireStruct,
  withFields,
} from './transform.js';

const TIMESTAMP = new Schema('int64', { name: 'org.apache.kafka.connect.data.Timestamp', version: 1 });

interface Inserted {
  readonly name: string;
  readonly schema: Schema;
  value(record: ConnectRecord): Value;
}

export const insertField = onKeyAndValue(
  'InsertField',
  'Topic, partition, timestamp or a fixed text as a field; `name!` is required, `name?` (the default) optional.',
  [
    optional('STRING', 'topic.field', null, 'Field name for Kafka topic.'),
    optional('STRING', 'partition.field', null, 'Field name for Kafka partition.'),
    optional('STRING', 'offset.field', null, 'Field name for Kafka offset: sinks only.'),
    optional('STRING', 'timestamp.field', null, 'Field name for record timestamp.'),
    optional('STRING', 'static.field', null, 'Field name for static data field.'),
    optional('STRING', 'static.value', null, 'Static field value, if field name configured.'),
    REPLACE_NULL,
  ],
  (options, side) => {
    const inserted: Inserted[] = [];
    const add = (option: string, required: Schema, value: Inserted['value']): void => {
      const spec = options.text(option);
      if (spec === undefined) return;
      const schema = spec.endsWith('!') ? required : required.with({ optional: true });
      inserted.push({ name: spec.replace(/[?!]$/, ''), schema, value });
    };
    add('topic.field', STRING, (record) => record.topic);
    add('partition.field', new Schema('int32'), (record) => record.partition ?? null);
    add('offset.field', new Schema('int64'), () => {
      throw dataFailure('A source record has no offset yet: offset.field is for sinks');
    });
    add('timestamp.field', TIMESTAMP, (record) => record.timestampMs ?? null);
    const fixed = options.text('static.value') ?? null;
    if (options.text('static.field') !== undefined && fixed === null)
      throw configFailure('Invalid value null for configuration static.value: No value specified for static field');
    add('static.field', OPTIONAL_STRING.with({ optional: false }), () => fixed);
    if (inserted.length === 0) throw configFailure('No field insertion configured');
    const replaced = nullReplacer(options);
    const extended = bySchema((schema) =>
      withFields(schema, [
        ...schema.fields.map((field) => [field.name, field.schema] as const),
        ...inserted.map((field) => [field.name, field.schema] as const),
      ]),
    );
    return (record) => {
      const value = side.value(record);
      if (value === null) return record; // a tombstone stays one
      if (side.schema(record) === undefined && value instanceof Map)
        return side.with(
          record,
          undefined,
          new Map([...value, ...inserted.map((field) => [field.name, field.value(record)] as const)]),
        );
      const struct = requireStruct(value, 'field insertion');
      const schema = extended(struct.schema);
      return side.with(
        record,
        schema,
        new Struct(schema, [
          ...struct.schema.fields.map((field) => replaced(field.schema, struct.values[field.index])),
          ...inserted.map((field) => field.value(record)),
        ]),
      );
    };
  },
);
