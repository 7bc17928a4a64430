import { ConnectFailure, DEBEZIUM_EXCEPTION } from '../data/failure.js';
import { OPTIONAL_STRING, Schema, STRING, Struct, type Value } from '../data/schema.js';
import { bySchema, DEBEZIUM, isEnvelope, type TransformPlugin } from './transform.js';

const COLUMN = new Schema('struct', {
  name: 'io.debezium.connector.source.schema.Column',
  version: 1,
  fields: [
    ['name', STRING],
    ['typeName', STRING],
    ['length', new Schema('int32', { optional: true })],
    ['scale', new Schema('int32', { optional: true })],
    ['comment', OPTIONAL_STRING],
  ],
});
const TABLE = new Schema('struct', {
  name: 'io.debezium.connector.source.schema.Table',
  version: 1,
  fields: [['columns', new Schema('array', { values: COLUMN })]],
});
const BLOCK = new Schema('struct', {
  name: 'io.debezium.connector.source.Schema',
  version: 1,
  fields: [
    ['id', STRING],
    ['table', TABLE],
  ],
});

export const extractSchemaToNewRecord: TransformPlugin = {
  className: `${DEBEZIUM}.ExtractSchemaToNewRecord`,
  meaning: 'Adds the columns’ source types, which `column.propagate.source.type` put into the schema.',
  options: [],
  create() {
    const extended = bySchema((schema) =>
      schema.with({
        fields: [...schema.fields.map((field) => [field.name, field.schema] as const), ['sourceSchema', BLOCK]],
      }),
    );
    const columns = bySchema((row) => row.fields.map((field) => columnOf(field.schema)));
    return (record) => {
      if (!isEnvelope(record) || !(record.value instanceof Struct)) return record;
      const event = record.value;
      const row = event.schema.field('after')?.schema;
      if (row === undefined || (event.get('before') === null && event.get('after') === null)) return record;
      const source = event.get('source');
      const block = new Struct(BLOCK, [
        source instanceof Struct ? source.get('table') : null,
        new Struct(TABLE, [columns(row)]),
      ]);
      const schema = extended(event.schema);
      return { ...record, valueSchema: schema, value: new Struct(schema, [...event.values, block]) };
    };
  },
};

function columnOf(schema: Schema): Struct {
  const told = (what: string): string | undefined => schema.parameters?.[`__debezium.source.column.${what}`];
  const [name, type] = [told('name'), told('type')];
  if (name === undefined || type === undefined)
    throw new ConnectFailure(
      'Ensure that enable configurations "column.propagate.source.type" or "datatype.propagate.source.type" and the value is set to ".*"',
      { className: DEBEZIUM_EXCEPTION },
    );
  const number = (text: string | undefined): Value => (text === undefined ? null : Number(text));
  return new Struct(COLUMN, [name, type, number(told('length')), number(told('scale')), told('comment') ?? null]);
}
