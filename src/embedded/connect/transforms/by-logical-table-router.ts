import { javaRegex, javaReplacement, optional, regexProblem, required } from '../../../protocol/connect/option.js';
import { Schema, STRING, Struct, type Value } from '../data/schema.js';
import { bySchema, DEBEZIUM, isEnvelope, requireStruct, type TransformPlugin } from './transform.js';

export const byLogicalTableRouter: TransformPlugin = {
  className: `${DEBEZIUM}.ByLogicalTableRouter`,
  meaning: 'Another topic by pattern; keys get the old topic’s name, schemas the new one’s.',
  options: [
    { ...required('STRING', 'topic.regex', 'Which topics are rerouted.'), wording: 'debezium', check: regexProblem },
    { ...required('STRING', 'topic.replacement', 'Name of the new topic.'), wording: 'debezium' },
    optional('BOOLEAN', 'key.enforce.uniqueness', 'true', 'Whether keys get a field that names their table.'),
    optional('STRING', 'key.field.name', '__dbz__physicalTableIdentifier', 'Name of that field.'),
    optional('STRING', 'key.field.regex', null, 'What of the old topic’s name goes into that field.', {
      check: (pattern, config) =>
        (config['key.field.replacement'] ?? '').trim() === ''
          ? 'key.field.replacement is required with key.field.regex'
          : regexProblem(pattern),
    }),
    optional('STRING', 'key.field.replacement', null, 'Replacement for key.field.regex.'),
    optional('STRING', 'schema.name.adjustment.mode', 'none', 'How schema names are adjusted.', {
      oneOf: ['none', 'avro', 'avro_unicode'],
    }),
    optional('INT', 'logical.table.cache.size', '16', 'How many names are cached.'),
  ],
  create(options, context) {
    const regex = javaRegex(`^(?:${options.string('topic.regex')})$`);
    const replacement = javaReplacement(options.string('topic.replacement'));
    const unique = options.boolean('key.enforce.uniqueness');
    const keyField = options.string('key.field.name');
    const keyPattern = options.string('key.field.regex');
    const keyRegex = keyPattern === '' ? undefined : javaRegex(`^(?:${keyPattern})$`);
    const keyReplacement = javaReplacement(options.string('key.field.replacement'));
    const routes = new Map<string, string | undefined>();
    const route = (topic: string): string | undefined => {
      if (!routes.has(topic)) {
        const match = regex.exec(topic);
        routes.set(topic, match === null ? undefined : replacement(match));
      }
      return routes.get(topic);
    };
    const identifier = (topic: string): string => {
      const match = keyRegex?.exec(topic);
      return match === undefined || match === null ? topic : keyReplacement(match);
    };
    const perTopic = new Map<string, Schemas>();
    const schemasOf = (topic: string): Schemas => {
      let schemas = perTopic.get(topic);
      if (schemas === undefined) {
        schemas = schemasFor(topic, unique ? keyField : undefined);
        perTopic.set(topic, schemas);
      }
      return schemas;
    };
    return (record) => {
      const topic = route(record.topic);
      if (topic === undefined) return record;
      if (topic === '') {
        context.warn('Routing regex returned an empty topic name, propagating original record');
        return record;
      }
      const schemas = schemasOf(topic);
      let { key, keySchema, value, valueSchema } = record;
      if (key !== null) {
        const old = requireStruct(key, 'Updating schema');
        keySchema = schemas.key(old.schema);
        key = new Struct(keySchema, unique ? [...old.values, identifier(record.topic)] : old.values);
      }
      if (isEnvelope(record)) {
        const old = requireStruct(value, 'Updating schema');
        valueSchema = schemas.envelope(old.schema);
        value = rename(old, valueSchema);
      }
      return { ...record, topic, keySchema, key, valueSchema, value };
    };
  },
};

interface Schemas {
  key(schema: Schema): Schema;
  envelope(schema: Schema): Schema;
}

function schemasFor(topic: string, keyField: string | undefined): Schemas {
  const fieldsOf = (schema: Schema) => schema.fields.map((field) => [field.name, field.schema] as const);
  return {
    key: bySchema((schema) => {
      const added = keyField === undefined ? [] : [[keyField, STRING] as const];
      return new Schema('struct', {
        name: `${topic}.Key`,
        version: schema.version,
        fields: [...fieldsOf(schema), ...added],
      });
    }),
    envelope: bySchema((schema) => {
      const row = (schema.field('before') ?? schema.field('after'))?.schema;
      const renamed = row?.with({ name: `${topic}.Value` });
      const fields = fieldsOf(schema).map(
        ([name, one]) =>
          [name, renamed !== undefined && (name === 'before' || name === 'after') ? renamed : one] as const,
      );
      return schema.with({ name: `${topic}.Envelope`, fields });
    }),
  };
}

/** The rows within keep their values and get the renamed schema. */
function rename(envelope: Struct, schema: Schema): Struct {
  const values = envelope.values.map((value, index): Value => {
    const field = schema.fields[index];
    const isRow = field?.name === 'before' || field?.name === 'after';
    return isRow && field !== undefined && value instanceof Struct ? new Struct(field.schema, value.values) : value;
  });
  return new Struct(schema, values);
}
