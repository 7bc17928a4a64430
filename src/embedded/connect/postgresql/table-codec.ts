import type { Tuple } from '../../../protocol/pgoutput/decode.js';
import { OPTIONAL_INT64, Schema, STRING, Struct, type Value } from '../data/schema.js';
import type { ColumnInfo, TableInfo } from './catalogue.js';
import { defaultValue } from './default-value.js';
import type { Settings } from './settings.js';
import { SOURCE } from './source-info.js';
import { TRANSACTION_BLOCK } from './transaction.js';
import { type ColumnCodec, columnCodec, type PgType } from './types.js';

interface CompiledColumn {
  readonly name: string;
  /** Its place in the tuples. */
  readonly index: number;
  readonly codec: ColumnCodec;
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
  const schemas = new Map<string, Schema>();
  table.columns.forEach((column, index) => {
    const codec = columnCodec(column.typeOid, column.typeModifier, types, settings.types);
    if (codec === undefined) return;
    const path = `${id}.${column.name}`;
    const rules = settings.columnRules.filter((rule) => rule.matches(path));
    const schema = codec.schema.with({
      ...parametersOf(codec.schema, [
        ...(settings.propagates(path, types.get(column.typeOid)?.name ?? '') ? [sourceType(column, types)] : []),
        ...rules.map((rule) => rule.parameters),
      ]),
      optional: !column.notNull,
      defaultValue: defaultValue(column.defaultExpression, types.get(column.typeOid), codec),
    });
    schemas.set(column.name, schema);
    compiled.push({
      name: column.name,
      index,
      codec,
      absent: column.notNull ? (schema.defaultValue ?? codec.fallback) : null,
      rules,
    });
  });
  const included = compiled.filter((column) => settings.includesColumn(`${id}.${column.name}`));
  const field = (column: CompiledColumn): [string, Schema] => [
    adjustField(column.name, settings.adjustFieldNames),
    schemas.get(column.name) ?? STRING,
  ];
  const keyColumns = (settings.keyColumns(id) ?? table.key).flatMap(
    (wanted) => compiled.find((column) => column.name === wanted) ?? [],
  );
  const origin = settings.naming.keyOrigin(table.schema, table.name);
  const keySchema =
    keyColumns.length === 0
      ? undefined
      : new Schema('struct', {
          name: `${name}.Key`,
          fields: [...keyColumns.map(field), ...(origin === undefined ? [] : [[origin.field, STRING] as const])],
        });
  const keyOf = (tuple: Tuple): Value[] => {
    const values = decodeAll(keyColumns, tuple, undefined);
    return origin === undefined ? values : [...values, origin.value];
  };
  const valueSchema = new Schema('struct', { name: `${name}.Value`, optional: true, fields: included.map(field) });
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

function parametersOf(
  schema: Schema,
  added: ReadonlyArray<Readonly<Record<string, string>>>,
): { readonly parameters?: Readonly<Record<string, string>> } {
  return added.length === 0 ? {} : { parameters: Object.assign({}, schema.parameters, ...added) };
}

/** `column.propagate.source.type`: what the column is in the database. */
function sourceType(column: ColumnInfo, types: ReadonlyMap<number, PgType>): Readonly<Record<string, string>> {
  const type = types.get(column.typeOid)?.name ?? '';
  const { length, scale } = lengthOf(type, column.typeModifier);
  return {
    '__debezium.source.column.type': type.toUpperCase(),
    ...(length === undefined ? {} : { '__debezium.source.column.length': String(length) }),
    ...(scale === undefined ? {} : { '__debezium.source.column.scale': String(scale) }),
    '__debezium.source.column.name': column.name,
  };
}

function lengthOf(type: string, modifier: number): { readonly length?: number; readonly scale?: number } {
  if (modifier < 0) return {};
  if (type === 'numeric') return { length: ((modifier - 4) >> 16) & 0xffff, scale: (modifier - 4) & 0x7ff };
  return { length: type === 'varchar' || type === 'bpchar' ? modifier - 4 : modifier };
}

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
