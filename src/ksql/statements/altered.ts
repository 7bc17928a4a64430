import type { StatementOf } from '../../protocol/ksql/ast.js';
import { formatCreate } from '../../protocol/ksql/format-statement.js';
import { parseStatement } from '../../protocol/ksql/parse.js';
import type { Metastore } from '../metadata/metastore.js';
import { resolveType } from '../metadata/named-types.js';
import type { Source } from '../metadata/source.js';
import { StatementError } from '../statement-error.js';

/** ALTER STREAM or TABLE … ADD COLUMN: the source as it will be. Throws StatementError. */
export function alteredSource(statement: StatementOf<'alter-source'>, metastore: Metastore): Source {
  const source = metastore.sources.get(statement.name);
  if (source === undefined) throw new StatementError(`Source ${statement.name} does not exist.`);
  if (source.type !== statement.type) {
    throw new StatementError(
      `Incompatible data source type is ${source.type}, but statement was ALTER ${statement.type}`,
    );
  }
  if (source.readOnly) {
    const kind = source.type.toLowerCase();
    throw new StatementError(
      `Cannot alter ${kind} '${source.name}': ALTER operations are not supported on source ${kind}s.`,
    );
  }
  if (source.query !== undefined) {
    throw new StatementError(`ALTER command is not supported for CREATE ... AS statements.`);
  }
  const known = new Set(
    [...source.schema.key, ...source.schema.value, ...source.schema.headers].map(({ name }) => name),
  );
  const added = statement.add.map(({ name, type }) => {
    if (known.has(name))
      throw new StatementError(`Cannot add column \`${name}\` to schema. A column with the same name already exists.`);
    known.add(name);
    return { name, type: resolveType(type, metastore.types) };
  });
  const made = parseStatement(source.statement);
  const columns = added.map((column) => ({ ...column, role: undefined, header: undefined }));
  const text =
    made.kind === 'create-source'
      ? `${formatCreate({ ...made, columns: [...made.columns, ...columns] })};`
      : source.statement;
  return { ...source, schema: { ...source.schema, value: [...source.schema.value, ...added] }, statement: text };
}
