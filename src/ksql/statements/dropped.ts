import type { StatementOf } from '../../protocol/ksql/ast.js';
import type { Metastore } from '../metadata/metastore.js';
import type { Source } from '../metadata/source.js';
import { StatementError } from '../statement-error.js';

/** The source that DROP means; undefined where IF EXISTS allows that it is not there. Throws StatementError. */
export function droppedSource(statement: StatementOf<'drop-source'>, metastore: Metastore): Source | undefined {
  const source = metastore.sources.get(statement.name);
  if (source === undefined) {
    if (statement.ifExists) return undefined;
    throw new StatementError(`${statement.type === 'STREAM' ? 'Stream' : 'Table'} ${statement.name} does not exist.`);
  }
  if (source.type === statement.type) return source;
  throw new StatementError(`Incompatible data source type is ${source.type}, but statement was DROP ${statement.type}`);
}
