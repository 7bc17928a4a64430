import { checkProperty, propertyName } from '../../../ksql/statements/properties.js';
import type { Statement } from '../../../protocol/ksql/ast.js';
import { changeVariables } from '../../../protocol/ksql/variables.js';
import type { Handler } from './context.js';
import { entity } from './entity.js';

/** SET and its like hold for the statements after them in the same request; they add no entity but a warning. */
export const setProperty: Handler<'set'> = async (statement, { session }) => {
  checkProperty(statement.property, statement.value);
  changeProperties(statement, session.properties);
  return undefined;
};

export const unsetProperty: Handler<'unset'> = async (statement, { session }) => {
  changeProperties(statement, session.properties);
  return undefined;
};

/** What SET and UNSET do for the statements after them; any other statement changes nothing. */
export function changeProperties(statement: Statement, properties: Map<string, string>): void {
  if (statement.kind === 'set') properties.set(propertyName(statement.property), statement.value);
  if (statement.kind === 'unset') properties.delete(propertyName(statement.property));
}

export const defineVariable: Handler<'define'> = async (statement, { session }) => {
  changeVariables(statement, session.variables);
  return undefined;
};

export const undefineVariable: Handler<'undefine'> = async (statement, { session }) => {
  const name = statement.name.toLowerCase();
  if (!session.variables.has(name)) {
    const message = `Cannot undefine variable '${name}' which was never defined`;
    return entity('warning_entity', statement.written, { message });
  }
  changeVariables(statement, session.variables);
  return undefined;
};

export const listVariables: Handler<'list-variables'> = async (statement, { session }) =>
  entity('variables', statement.written, {
    variables: [...session.variables].map(([name, value]) => ({ name, value })),
  });

/** Of the properties that the engine reads. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'ksql.persistence.default.format.key': 'KAFKA',
  'ksql.persistence.wrap.single.values': 'true',
  'ksql.pull.queries.enable': 'true',
  'ksql.query.pull.range.scan.enabled': 'true',
  'ksql.query.pull.table.scan.enabled': 'true',
  'ksql.streams.auto.offset.reset': 'latest',
  'ksql.streams.processing.guarantee': 'at_least_once',
  'ksql.variable.substitution.enable': 'true',
};

/** What is no property of ksqlDB goes to Kafka Streams, and is listed with its prefix. */
const listed = ([name, value]: readonly [string, string]): readonly [string, string] => [
  name.startsWith('ksql.') ? name : `ksql.streams.${name}`,
  value,
];

export const listProperties: Handler<'list-properties'> = async (statement, { session, engine }) => {
  const defaults = { 'ksql.service.id': engine.parts.serviceId, ...DEFAULTS };
  const system = Object.fromEntries([...engine.systemProperties].map(listed));
  const own = Object.fromEntries([...session.properties].map(listed));
  const properties = Object.entries({ ...defaults, ...system, ...own }).map(([name, value]) => ({
    name,
    scope: 'KSQL',
    value,
    editable: name !== 'ksql.service.id',
    level: name in own ? 'QUERY' : 'SERVER',
  }));
  return entity('properties', statement.written, {
    properties,
    overwrittenProperties: Object.keys(own),
    defaultProperties: [],
  });
};
