import type { StatementOf } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { messageOf } from '../../support/errors.js';
import { castTo } from '../expressions/cast.js';
import { compile } from '../expressions/compile.js';
import { type Conversion, convertedWithin, describeType, widening } from '../expressions/types.js';
import type { Metastore } from '../metadata/metastore.js';
import type { Source } from '../metadata/source.js';
import { NO_CAUSE } from '../rows/row.js';
import { StatementError } from '../statement-error.js';
import { ofKind, type Value } from '../values/value.js';
import type { Circumstances } from './circumstances.js';

/** INSERT INTO … VALUES: what goes into which column. Throws StatementError. */
export function insertedValues(
  statement: StatementOf<'insert-values'>,
  { metastore, world }: Pick<Circumstances, 'metastore' | 'world'>,
): { source: Source; values: ReadonlyMap<string, Value> } {
  const source = insertTarget(metastore, statement.target);
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
    world,
    types: metastore.types,
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
  return { source, values };
}

/** The stream or table by this name, if rows may be inserted. */
export function insertTarget(metastore: Metastore, name: string): Source {
  const source = metastore.source(name, `Cannot insert values into an unknown stream/table: \`${name}\``);
  if (source.readOnly)
    throw new StatementError(`Cannot insert values into read-only ${source.type.toLowerCase()}: ${source.name}`);
  if (source.window !== undefined) throw new StatementError('Cannot insert values into windowed stream/table!');
  return source;
}

function columnType(source: Source, name: string): SqlType {
  if (name === 'ROWTIME') return { kind: 'BIGINT' };
  const column = [...source.schema.key, ...source.schema.value].find((each) => each.name === name);
  if (column === undefined && (name === 'ROWPARTITION' || name === 'ROWOFFSET')) {
    throw new StatementError(`Inserting into column \`${name}\` is not allowed.`);
  }
  if (column === undefined) {
    throw new StatementError(`Failed to insert values into '${source.name}'. Column name \`${name}\` does not exist.`);
  }
  return column.type;
}

function converted(value: Value, from: SqlType | undefined, to: SqlType, name: string, written: string): Value {
  if (value === null || from === undefined) return null;
  const convert = coercion(from, to);
  if (convert === undefined) {
    throw new StatementError(
      `Expected type ${describeType(to)} for field \`${name}\` but got ${describeType(from)}(${written})`,
    );
  }
  return convert(value);
}

/** What is given widens to its column's type, texts are dates, times and bytes, and a decimal is judged by its value. */
const coercion: Conversion = (from, to) => {
  if (from.kind === 'STRING' && ['DATE', 'TIME', 'TIMESTAMP', 'BYTES'].includes(to.kind)) return textTo(to);
  return widening(from, to) ?? (to.kind === 'DECIMAL' ? castTo(from, to) : convertedWithin(from, to, coercion));
};

const textTo = (to: SqlType): ((value: Value) => Value) =>
  to.kind === 'BYTES' ? ofKind('STRING', (text) => Buffer.from(text, 'base64')) : castTo({ kind: 'STRING' }, to);
