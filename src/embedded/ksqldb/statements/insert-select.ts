import { StatementError } from '../../../ksql/statement-error.js';
import { planInsert } from '../../../ksql/statements/insert-select.js';
import { readSourceProperties } from '../../../ksql/statements/with-properties.js';
import { checkPartitions } from '../query/copartitioned.js';
import { type Change, circumstances, circumstancesOf } from './context.js';
import { startQuery } from './start-query.js';

/** INSERT INTO … SELECT: one more query that writes into an existing stream; its columns must be the stream's, in order and type. */
export const insertSelect: Change<'insert-select'> = {
  async prepare(statement, context) {
    const { plan } = planInsert(statement, circumstances(context));
    await checkPartitions(plan, context.engine);
    return { kind: 'command', id: `stream/\`${statement.target}\`/create`, statement: statement.written };
  },

  async apply(statement, applying) {
    const { engine, sequence } = applying;
    const { plan, sink } = planInsert(statement, circumstancesOf(engine, applying.properties));
    const { queryId } = readSourceProperties(statement.with, 'query', applying.properties);
    const id = queryId ?? `INSERTQUERY_${sequence}`;
    if (engine.queries.has(id)) throw new StatementError(`Query ID '${id}' already exists.`);
    await startQuery(id, statement.text, plan, sink, applying);
    return { message: `Created query with ID ${id}`, queryId: id };
  },
};
