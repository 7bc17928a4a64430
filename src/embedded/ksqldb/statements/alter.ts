import { resolveType } from '../../../ksql/metadata/named-types.js';
import type { Source } from '../../../ksql/metadata/source.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { propertyName } from '../../../ksql/statements/properties.js';
import type { StatementOf } from '../../../protocol/ksql/ast.js';
import { formatCreateSource } from '../../../protocol/ksql/format.js';
import { parseStatement } from '../../../protocol/ksql/parse.js';
import type { Engine } from '../engine.js';
import type { Change } from './context.js';

type Alter = StatementOf<'alter-source'>;

/** ALTER STREAM/TABLE … ADD COLUMN: for sources that no query makes; queries that exist keep the columns they began with. */
export const alterSource: Change<'alter-source'> = {
  async prepare(statement, { engine }) {
    altered(statement, engine);
    return {
      kind: 'command',
      id: `${statement.type.toLowerCase()}/\`${statement.name}\`/alter`,
      statement: `${statement.text};`,
    };
  },
  async apply(statement, { engine }) {
    const source = altered(statement, engine);
    engine.metastore.sources.set(source.name, source);
    const kind = statement.type === 'STREAM' ? 'Stream' : 'Table';
    return { message: `${kind} ${statement.name} altered successfully.`, queryId: null };
  },
};

function altered(statement: Alter, { metastore }: Engine): Source {
  const source = metastore.sources.get(statement.name);
  if (source === undefined) throw new StatementError(`Source ${statement.name} does not exist.`);
  if (source.type !== statement.type) {
    throw new StatementError(
      `Incompatible data source type is ${source.type}, but statement was ALTER ${statement.type}`,
    );
  }
  if (source.readOnly) throw new StatementError('ALTER command is not supported on source streams or tables.');
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
      ? `${formatCreateSource({ ...made, columns: [...made.columns, ...columns] })};`
      : source.statement;
  return { ...source, schema: { ...source.schema, value: [...source.schema.value, ...added] }, statement: text };
}

/** ALTER SYSTEM: a property for all requests from now on. */
export const alterSystem: Change<'alter-system'> = {
  async prepare(statement) {
    return { kind: 'command', id: `cluster/${statement.property}/alter`, statement: `${statement.text};` };
  },
  async apply(statement, { engine }) {
    engine.systemProperties.set(propertyName(statement.property), statement.value);
    return { message: `System property ${statement.property} was set to ${statement.value}.`, queryId: null };
  },
};
