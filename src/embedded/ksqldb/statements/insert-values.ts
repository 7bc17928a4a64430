import { castTo } from '../../../ksql/expressions/cast.js';
import { compile } from '../../../ksql/expressions/compile.js';
import { describeType, widening } from '../../../ksql/expressions/types.js';
import type { Source } from '../../../ksql/metadata/source.js';
import { NO_CAUSE } from '../../../ksql/rows/row.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { Value } from '../../../ksql/values/value.js';
import { formatExpression } from '../../../protocol/ksql/format.js';
import type { SqlType } from '../../../protocol/ksql/types.js';
import { messageOf } from '../../../support/errors.js';
import type { Engine } from '../engine.js';
import { RecordEncoder } from '../runtime/record-codec.js';
import type { Handler } from './context.js';

/** INSERT INTO … VALUES: one record, acknowledged before the answer; it adds no entity. */
export const insertValues: Handler<'insert-values'> = async (statement, { engine }) => {
  const source = insertTarget(engine, statement.target);
  const headers = source.schema.headers.map(({ name }) => name);
  const unwritable = headers.filter((name) => statement.columns.length === 0 || statement.columns.includes(name));
  if (unwritable.length > 0) throw new StatementError(`Cannot insert into HEADER columns: ${unwritable.join(', ')}`);
  const all = [...source.schema.key, ...source.schema.value].map(({ name }) => name);
  const names = statement.columns.length === 0 ? all : statement.columns;
  const given = statement.values.map(formatExpression).join(', ');
  if (names.length !== statement.values.length) {
    throw new StatementError(
      statement.columns.length === 0
        ? `Failed to insert values into '${source.name}'. Expected a value for each column. Expected Columns: [${all.map((name) => `\`${name}\``).join(', ')}]. Got [${given}]`
        : `Failed to insert values into '${source.name}'. Expected number columns and values to match: [${names.map((name) => `\`${name}\``).join(', ')}], [${given}]`,
    );
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new StatementError(`Failed to insert values into '${source.name}'. Duplicate column names: \`${twice}\``);
  }
  const context = {
    scope: { sources: [], column: () => undefined },
    world: engine.parts.world,
    types: engine.metastore.types,
  };
  const values = new Map<string, Value>();
  for (const [at, name] of names.entries()) {
    const expression = statement.values[at];
    if (expression === undefined) continue;
    const type = columnType(source, name);
    const compiled = compile(expression, context);
    try {
      values.set(name, converted(compiled.evaluate(NO_CAUSE), compiled.type, type, name, formatExpression(expression)));
    } catch (failure) {
      throw new StatementError(`Failed to insert values into '${source.name}'. ${messageOf(failure)}`);
    }
  }
  await insertRow(engine, source, values);
  return undefined;
};

/** The stream or table by this name, if rows may be inserted. */
export function insertTarget(engine: Engine, name: string): Source {
  const source = engine.metastore.source(name, `Cannot insert values into an unknown stream/table: \`${name}\``);
  if (source.readOnly)
    throw new StatementError(`Cannot insert values into read-only ${source.type.toLowerCase()}: ${source.name}`);
  if (source.window !== undefined) throw new StatementError('Cannot insert values into windowed stream/table!');
  return source;
}

function columnType(source: Source, name: string): SqlType {
  if (name === 'ROWTIME') return { kind: 'BIGINT' };
  const column = [...source.schema.key, ...source.schema.value].find((each) => each.name === name);
  if (column === undefined) throw new StatementError(`Column name \`${name}\` does not exist.`);
  return column.type;
}

function converted(value: Value, from: SqlType | undefined, to: SqlType, name: string, written: string): Value {
  if (value === null || from === undefined) return null;
  const convert =
    widening(from, to) ??
    (from.kind === 'STRING' && ['DATE', 'TIME', 'TIMESTAMP', 'BYTES'].includes(to.kind) ? textTo(to) : undefined) ??
    (to.kind === 'DECIMAL' ? castTo(from, to) : undefined);
  if (convert === undefined) {
    throw new StatementError(
      `Expected type ${describeType(to)} for field \`${name}\` but got ${describeType(from)}(${written})`,
    );
  }
  return convert(value);
}

const textTo = (to: SqlType): ((value: Value) => Value) =>
  to.kind === 'BYTES' ? (value) => Buffer.from(value as string, 'base64') : castTo({ kind: 'STRING' }, to);

/** Writes one row; columns that are not there are null, ROWTIME is the record's time. */
export async function insertRow(engine: Engine, source: Source, values: ReadonlyMap<string, Value>): Promise<void> {
  const { kafka, registry, world } = engine.parts;
  if ((await kafka.describeTopic(source.topic)) === undefined) {
    throw new StatementError(
      `Failed to insert values into '${source.name}'. Kafka topic does not exist: ${source.topic}`,
    );
  }
  const key = source.schema.key.map(({ name }) => values.get(name) ?? null);
  if (source.type === 'TABLE' && key.some((part) => part === null)) {
    throw new StatementError(
      `Failed to insert values into '${source.name}'. Value for primary key column(s) ${source.schema.key.map(({ name }) => `\`${name}\``).join(', ')} is required for tables`,
    );
  }
  const value = source.schema.value.map(({ name }) => values.get(name) ?? null);
  const timestampMs = Number(values.get('ROWTIME') ?? world.now());
  const encoder = await RecordEncoder.create(source, registry);
  try {
    const record = {
      topic: source.topic,
      key: encoder.encodeKey(
        key,
        undefined,
        key.every((part) => part === null),
      ),
      value: encoder.encodeValue(value),
      timestampMs,
    };
    await engine.insertProducer().send([record]);
  } catch (failure) {
    throw new StatementError(`Failed to insert values into '${source.name}'. ${messageOf(failure)}`);
  }
}
