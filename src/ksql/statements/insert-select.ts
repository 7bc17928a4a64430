import type { StatementOf } from '../../protocol/ksql/ast.js';
import { formatType } from '../../protocol/ksql/types.js';
import { widening } from '../expressions/types.js';
import { type Column, formatColumn, type RowSchema } from '../metadata/schema.js';
import type { Source } from '../metadata/source.js';
import { type QueryPlan, widened } from '../query/plan.js';
import { planQuery } from '../query/plan-query.js';
import { StatementError } from '../statement-error.js';
import type { Circumstances } from './circumstances.js';

/** INSERT INTO … SELECT: the columns must be the stream's, in order and type. Throws StatementError. */
export function planInsert(
  statement: StatementOf<'insert-select'>,
  { metastore, world, properties }: Omit<Circumstances, 'registry' | 'isRunning'>,
): { plan: QueryPlan; sink: Source } {
  const sink = metastore.sources.get(statement.target);
  if (sink === undefined) throw new StatementError(`Source ${statement.target} does not exist.`);
  if (sink.type !== 'STREAM')
    throw new StatementError(`INSERT INTO can only be used to insert into a stream. ${sink.name} is a table.`);
  if (sink.readOnly) throw new StatementError(`Cannot insert into read-only stream: ${sink.name}`);
  if (sink.schema.headers.length > 0)
    throw new StatementError(`Cannot insert into ${sink.name} because it has header columns`);
  const plan = planQuery({ query: statement.query, use: 'persistent', sink: sink.name, metastore, world, properties });
  if (plan.type !== 'STREAM') {
    throw new StatementError(
      `Incompatible data sink and query result. Data sink (${sink.name}) type is STREAM but select query result is TABLE.`,
    );
  }
  for (const part of ['key', 'value'] as const) {
    if (!fits(plan.output[part], sink.schema[part], part)) {
      const [result, target] = [plan.output, sink.schema].map((schema) =>
        [...schema.key.map((each) => `${formatColumn(each)} KEY`), ...schema.value.map(formatColumn)].join(', '),
      );
      throw new StatementError(
        `Incompatible schema between results and sink.\nResult schema is ${result}\nSink schema is ${target}`,
      );
    }
  }
  return { plan: widen(plan, sink), sink };
}

/** Keys may be named otherwise; value columns have the same names in the same order; types widen. */
function fits(result: readonly Column[], target: readonly Column[], part: 'key' | 'value'): boolean {
  return (
    result.length === target.length &&
    result.every(({ name, type }, at) => {
      const wanted = target[at];
      return (
        wanted !== undefined && (part === 'key' || name === wanted.name) && widening(type, wanted.type) !== undefined
      );
    })
  );
}

function widen(plan: QueryPlan, { schema }: Source): QueryPlan {
  const types = ({ key, value }: RowSchema): string => [...key, ...value].map(({ type }) => formatType(type)).join();
  return types(plan.output) === types(schema) ? plan : widened(plan, schema);
}
