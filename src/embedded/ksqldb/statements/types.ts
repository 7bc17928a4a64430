import { resolveType } from '../../../ksql/metadata/named-types.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { formatType } from '../../../protocol/ksql/types.js';
import type { Change, Handler } from './context.js';
import { entity } from './entity.js';
import { schemaInfo } from './schema-info.js';

export const createType: Change<'create-type'> = {
  async prepare(statement, { engine }) {
    const { types } = engine.metastore;
    resolveType(statement.type, types);
    if (types.has(statement.name)) {
      const message = `Cannot register custom type '${statement.name}' since it is already registered with type: ${formatType(types.get(statement.name) ?? statement.type)}`;
      if (!statement.ifNotExists) throw new StatementError(message);
      return {
        kind: 'done',
        entity: entity('warning_entity', statement.written, { message: `${statement.name} is already registered.` }),
      };
    }
    return { kind: 'command', id: `type/${statement.name}/create`, statement: statement.written };
  },
  async apply(statement, { engine }) {
    const { types } = engine.metastore;
    const type = resolveType(statement.type, types);
    types.set(statement.name, type);
    return {
      message: `Registered custom type with name '${statement.name}' and SQL type ${formatType(type)}`,
      queryId: null,
    };
  },
};

export const dropType: Change<'drop-type'> = {
  async prepare(statement, { engine }) {
    if (!engine.metastore.types.has(statement.name)) {
      if (!statement.ifExists) throw new StatementError(`Type ${statement.name} does not exist.`);
      return {
        kind: 'done',
        entity: entity('warning_entity', statement.written, { message: `Type '${statement.name}' does not exist` }),
      };
    }
    return { kind: 'command', id: `type/${statement.name}/drop`, statement: statement.written };
  },
  async apply(statement, { engine }) {
    engine.metastore.types.delete(statement.name);
    return { message: `Dropped type '${statement.name}'`, queryId: null };
  },
};

export const listTypes: Handler<'list-types'> = async (statement, { engine }) =>
  entity('type_list', statement.written, {
    types: Object.fromEntries([...engine.metastore.types].map(([name, type]) => [name, schemaInfo(type)])),
  });
