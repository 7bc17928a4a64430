import { alteredSource } from '../../../ksql/statements/altered.js';
import { checkProperty, propertyName, STATE_BYTES } from '../../../ksql/statements/properties.js';
import type { Change } from './context.js';

/** ALTER STREAM/TABLE … ADD COLUMN: for sources that no query makes; queries that exist keep the columns they began with. */
export const alterSource: Change<'alter-source'> = {
  async prepare(statement, { engine }) {
    alteredSource(statement, engine.metastore);
    return {
      kind: 'command',
      id: `${statement.type.toLowerCase()}/\`${statement.name}\`/alter`,
      statement: statement.written,
    };
  },
  async apply(statement, { engine }) {
    const source = alteredSource(statement, engine.metastore);
    engine.metastore.sources.set(source.name, source);
    const kind = statement.type === 'STREAM' ? 'Stream' : 'Table';
    return { message: `${kind} ${statement.name} altered successfully.`, queryId: null };
  },
};

/** ALTER SYSTEM: a property for all requests from now on. */
export const alterSystem: Change<'alter-system'> = {
  async prepare(statement) {
    checkProperty(statement.property, statement.value);
    return { kind: 'command', id: `cluster/${statement.property}/alter`, statement: statement.written };
  },
  async apply(statement, { engine }) {
    const name = propertyName(statement.property);
    engine.systemProperties.set(name, statement.value);
    if (name === STATE_BYTES) engine.parts.memory?.limit(Number(statement.value));
    return { message: `System property ${statement.property} was set to ${statement.value}.`, queryId: null };
  },
};
