import type { Tuple } from '../../../protocol/pgoutput/decode.js';
import { OPTIONAL_INT64, Schema, STRING, Struct, type Value } from '../data/schema.js';
import type { TableInfo } from './catalogue.js';
import type { ColumnCodec } from './column-codec.js';
import { defaultValue } from './default-value.js';
import type { Settings } from './settings.js';
import { SOURCE } from './source-info.js';
import { sourceType } from './source-type.js';
import { TRANSACTION_BLOCK } from './transaction.js';
import { columnCodec, type PgType } from './types.js';

interface CompiledColumn {
  readonly name: string;
  /** Its place in the tuples. */
  readonly index: number;
  readonly codec: ColumnCodec;
  readonly schema: Schema;
  /** In a key, which has neither the source's types nor what is masked or cut. */
  readonly keySchema: Schema;
  /** What null stands for: a required column is null only where an old row was sent without it. */
  readonly absent: Value;
  readonly rules: Settings['columnRules'];
}

/** Everything that is the same for all rows of a table, compiled once per shape of it. */
export interface TableCodec {
  readonly table: TableInfo;
  readonly topic: string;
  /** Undefined: the table has no key. */
  readonly keySchema: Schema | undefined;
  readonly valueSchema: Schema;
  readonly envelopeSchema: Schema;
  /** The key of a row; null where the table has none. */
  key(tuple: Tuple): Struct | null;
  /** The row; values not sent are taken from `previous`, else the placeholder stands for them. */
  row(tuple: Tuple, previous?: Tuple): Struct;
  /** Whether two tuples hold the same in all columns of the record; what was not sent has not changed. */
  sameRow(before: Tuple, after: Tuple): boolean;
}

export function compileTable(table: TableInfo, types: ReadonlyMap<number, PgType>, settings: Settings): TableCodec {
  const id = `${table.schema}.${table.name}`;
  const topic = settings.naming.topicOf(table.schema, table.name);
  const name = adjustName(topic, settings.adjustNames); // records are named after their topic, its replaced characters included
  const compiled: CompiledColumn[] = [];
  table.columns.forEach((column, index) => {
    const codec = columnCodec(column.typeOid, column.typeModifier, types, settings.types);
    if (codec === undefined) return;
    const path = `${id}.${column.name}`;
    const rules = settings.columnRules.filter((rule) => rule.matches(path));
    const type = types.get(column.typeOid);
    const schema = codec.schema.with({
      optional: !column.notNull,
      defaultValue: defaultValue(column.defaultExpression, type, codec),
    });
    const told = settings.propagates(path, type?.name ?? '') ? [sourceType(column, table, types)] : [];
    const parameters = [...told, ...rules.map((rule) => rule.parameters)];
    compiled.push({
      name: column.name,
      index,
      codec,
      keySchema: schema,
      schema: parameters.length === 0 ? schema : schema.with(withParameters(schema, parameters)),
      absent: column.notNull ? (schema.defaultValue ?? codec.fallback) : null,
      rules,
    });
  });
  const included = compiled.filter((column) => settings.includesColumn(`${id}.${column.name}`));
  const fieldName = (column: CompiledColumn): string => adjustField(column.name, settings.adjustFieldNames);
  const keyColumns = (settings.keyColumns(id) ?? table.key).flatMap((wanted) =>
    compiled.filter((column) => column.name === wanted).map((column) => ({ ...column, rules: [] })),
  );
  const origin = settings.naming.keyOrigin(table.schema, table.name);
  const keySchema =
    keyColumns.length === 0
      ? undefined
      : new Schema('struct', {
          name: `${name}.Key`,
          fields: [
            ...keyColumns.map((column) => [fieldName(column), column.keySchema] as const),
            ...(origin === undefined ? [] : [[origin.field, STRING] as const]),
          ],
        });
  const keyOf = (tuple: Tuple): Value[] => {
    const values = decodeAll(keyColumns, tuple, undefined);
    return origin === undefined ? values : [...values, origin.value];
  };
  const valueSchema = new Schema('struct', {
    name: `${name}.Value`,
    optional: true,
    fields: included.map((column) => [fieldName(column), column.schema]),
  });
  return {
    table,
    topic,
    keySchema,
    valueSchema,
    envelopeSchema: envelope(`${name}.Envelope`, valueSchema),
    key: (tuple) => (keySchema === undefined ? null : new Struct(keySchema, keyOf(tuple))),
    row: (tuple, previous) => new Struct(valueSchema, decodeAll(included, tuple, previous)),
    sameRow: (before, after) =>
      included.every(({ index }) => after[index] === undefined || before[index] === after[index]),
  };
}

function decodeAll(columns: readonly CompiledColumn[], tuple: Tuple, previous: Tuple | undefined): Value[] {
  const values: Value[] = new Array(columns.length);
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at] as CompiledColumn;
    let text = tuple[column.index];
    if (text === undefined) text = previous?.[column.index];
    if (text === undefined)
      values[at] = column.index < tuple.length ? (column.codec.placeholder ?? column.absent) : null;
    else values[at] = column.rules.length === 0 ? decode(column, text) : decodeWithRules(column, text);
  }
  return values;
}

const decode = (column: CompiledColumn, text: string | null): Value =>
  text === null ? column.absent : (column.codec.decode(text) ?? column.absent);

function decodeWithRules(column: CompiledColumn, text: string | null): Value {
  const value = decode(column, text);
  if (value !== null && typeof value !== 'string') return value;
  return column.rules.reduce<string | null>((current, rule) => rule.apply(current), value);
}

function envelope(name: string, value: Schema): Schema {
  return new Schema('struct', {
    name,
    version: 2,
    fields: [
      ['before', value],
      ['after', value],
      ['source', SOURCE],
      ['transaction', TRANSACTION_BLOCK],
      ['op', STRING],
      ['ts_ms', OPTIONAL_INT64],
      ['ts_us', OPTIONAL_INT64],
      ['ts_ns', OPTIONAL_INT64],
    ],
  });
}

const withParameters = (schema: Schema, added: ReadonlyArray<Readonly<Record<string, string>>>) => ({
  parameters: Object.assign({}, schema.parameters, ...added) as Readonly<Record<string, string>>,
});

/** Avro's names: letters, digits and underscores, a letter first in each part. */
export function adjustName(name: string, mode: Settings['adjustNames']): string {
  if (mode === 'none') return name;
  return name
    .split('.')
    .map((part) => adjustPart(part, mode))
    .join('.');
}

const adjustField = (name: string, mode: Settings['adjustNames']): string =>
  mode === 'none' ? name : adjustPart(name, mode);

function adjustPart(part: string, mode: 'avro' | 'avro_unicode'): string {
  const escaped = (char: string): string =>
    mode === 'avro' ? '_' : `_u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const body = part.replace(/[^a-zA-Z0-9_]/g, escaped);
  return /^[0-9]/.test(body) ? `_${body}` : body;
}
