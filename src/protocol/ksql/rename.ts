import type { Query, SourceRef, Statement } from './ast.js';
import { type Token, tokenize } from './lexer.js';
import { parseStatements } from './parse.js';

/** What a name in a script is to be called instead; the same name where it stays. */
export interface Renaming {
  source(name: string): string;
  connector(name: string): string;
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * The script with other names for its streams, tables and connectors. A source that is read keeps its name as an alias,
 * so that columns go on being called by it. Throws KsqlSyntaxError.
 */
export function renameIn(script: string, renaming: Renaming): string {
  const tokens = tokenize(script).filter(({ kind }) => kind !== 'end');
  const edits = parseStatements(script).flatMap((statement) => [
    ...ownName(statement, tokens, renaming),
    ...('query' in statement && typeof statement.query === 'object'
      ? readNames(statement.query, tokens, renaming)
      : []),
  ]);
  return [...edits]
    .sort((a, b) => b.from - a.from)
    .reduce((text, { from, to, text: name }) => text.slice(0, from) + name + text.slice(to), script);
}

/** The words that stand between the start of a statement and what it makes, fills or drops. */
const BEFORE_NAME: ReadonlySet<string> = new Set(
  'CREATE OR REPLACE SOURCE SINK STREAM TABLE CONNECTOR INSERT INTO DROP ALTER DESCRIBE IF NOT EXISTS'.split(' '),
);

function ownName(statement: Statement, tokens: readonly Token[], { source, connector }: Renaming): readonly Edit[] {
  const [name, rename] = namedBy(statement, source, connector);
  if (name === undefined) return [];
  const first = tokens.findIndex(({ at }) => at.offset === statement.at.offset);
  const token = tokens.slice(first).find(({ kind, value }) => kind === 'quoted' || !BEFORE_NAME.has(value));
  return token === undefined || token.value !== name || rename(name) === name
    ? []
    : [{ from: token.at.offset, to: token.end, text: identifier(rename(name)) }];
}

function namedBy(
  statement: Statement,
  source: Renaming['source'],
  connector: Renaming['connector'],
): readonly [string | undefined, (name: string) => string] {
  switch (statement.kind) {
    case 'create-source':
    case 'create-as-select':
    case 'drop-source':
    case 'alter-source':
    case 'describe-source':
      return [statement.name, source];
    case 'insert-select':
    case 'insert-values':
      return [statement.target, source];
    case 'create-connector':
    case 'drop-connector':
      return [statement.name, connector];
    default:
      return [undefined, source];
  }
}

function readNames(query: Query, tokens: readonly Token[], { source }: Renaming): readonly Edit[] {
  const read: readonly SourceRef[] = [query.from, ...query.joins.map((join) => join.source)];
  return read.flatMap(({ name, alias, at }) => {
    const token = tokens.find((one) => one.at.offset === at.offset);
    if (token === undefined || source(name) === name) return [];
    const kept = alias === undefined ? ` AS ${identifier(name)}` : '';
    return [{ from: at.offset, to: token.end, text: `${identifier(source(name))}${kept}` }];
  });
}

/** As it has to be written to be read as this very name. */
export const identifier = (name: string): string =>
  /^[A-Z_][A-Z0-9_]*$/.test(name) ? name : `\`${name.replaceAll('`', '``')}\``;
