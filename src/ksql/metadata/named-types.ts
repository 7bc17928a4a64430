import { SIMPLE_TYPES, type SqlType } from '../../protocol/ksql/types.js';
import { StatementError } from '../statement-error.js';

/** Puts the definitions of CREATE TYPE in the place of their names; throws for an undefined name. */
export function resolveType(type: SqlType, types: ReadonlyMap<string, SqlType>): SqlType {
  switch (type.kind) {
    case 'NAMED': {
      const found = types.get(type.name) ?? SIMPLE_TYPES[type.name];
      if (found === undefined) throw new StatementError(`Cannot resolve unknown type: ${type.name}`);
      return found;
    }
    case 'ARRAY':
      return { kind: 'ARRAY', element: resolveType(type.element, types) };
    case 'MAP':
      return { kind: 'MAP', key: resolveType(type.key, types), value: resolveType(type.value, types) };
    case 'STRUCT':
      checkFieldNames(type.fields);
      return {
        kind: 'STRUCT',
        fields: type.fields.map((field) => ({ name: field.name, type: resolveType(field.type, types) })),
      };
    case 'DECIMAL':
      checkDecimal(type.precision, type.scale);
      return type;
    default:
      return type;
  }
}

export function checkFieldNames(fields: ReadonlyArray<{ readonly name: string }>): void {
  const names = fields.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new StatementError(`Duplicate field names found in STRUCT: \`${twice}\``);
}

function checkDecimal(precision: number, scale: number): void {
  const found = `DECIMAL(${precision},${scale})`;
  if (precision < 1) throw new StatementError(`DECIMAL precision must be >= 1: ${found}`);
  if (scale < 0) throw new StatementError(`DECIMAL scale must be >= 0: ${found}`);
  if (precision < scale) throw new StatementError(`DECIMAL precision must be >= scale: ${found}`);
}
