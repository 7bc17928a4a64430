import type { Statement } from './ast.js';

export interface Substitution {
  /** Names in small letters. */
  readonly variables: ReadonlyMap<string, string>;
  readonly properties: ReadonlyMap<string, string>;
}

/**
 * Puts variables in the place of `${name}`; names are case-insensitive, unknown ones stay. `$${name}` escapes one, and the
 * property ksql.variable.substitution.enable turns it off.
 */
export function substitute(sql: string, { variables, properties }: Substitution): string {
  if (!sql.includes('${') || properties.get('ksql.variable.substitution.enable') === 'false') return sql;
  return sql.replace(/(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole: string, mark: string, name: string) => {
    if (mark !== '') return variables.has(name.toLowerCase()) ? whole.slice(1) : whole;
    return variables.get(name.toLowerCase()) ?? whole;
  });
}

/** What DEFINE and UNDEFINE do for the statements after them; any other statement changes nothing. */
export function changeVariables(statement: Statement, variables: Map<string, string>): void {
  if (statement.kind === 'define') variables.set(statement.name.toLowerCase(), statement.value);
  if (statement.kind === 'undefine') variables.delete(statement.name.toLowerCase());
}
