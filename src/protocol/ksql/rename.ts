import type { Query, SourceRef, Statement, WithClause } from './ast.js';
import { type Token, tokenize } from './lexer.js';
import { parseScript } from './parse.js';
import { quoteText, writeName } from './types.js';

/** What a name in a script is to be called instead; the same name where it stays. */
export interface Renaming {
  source(name: string): string;
  connector(name: string): string;
  type(name: string): string;
  /** Of a query that the script itself gives an id. */
  query(id: string): string;
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * The script with other names for its streams, tables, connectors, types and queries. A source that is read keeps its name as an alias,
 * so that columns go on being called by it. Throws KsqlSyntaxError.
 */
export function renameIn(script: string, renaming: Renaming): string {
  const tokens = tokenize(script).filter(({ kind }) => kind !== 'end');
  const { statements, namedTypes } = parseScript(script);
  const edits = [
    ...statements.flatMap((statement) => [
      ...ownName(statement, tokens, renaming),
      ...('query' in statement && typeof statement.query === 'object'
        ? readNames(statement.query, tokens, renaming)
        : []),
      ...('with' in statement ? queryId(statement.with, tokens, renaming) : []),
    ]),
    ...namedTypes.flatMap((token) => edit(token, renaming.type)),
  ];
  return [...edits]
    .sort((a, b) => b.from - a.from)
    .reduce((text, { from, to, text: name }) => text.slice(0, from) + name + text.slice(to), script);
}

/** The words that stand between the start of a statement and what it makes, fills or drops. */
const BEFORE_NAME: ReadonlySet<string> = new Set(
  'CREATE OR REPLACE SOURCE SINK STREAM TABLE CONNECTOR TYPE INSERT INTO DROP ALTER DESCRIBE TERMINATE PAUSE RESUME IF NOT EXISTS'.split(
    ' ',
  ),
);

function ownName(statement: Statement, tokens: readonly Token[], renaming: Renaming): readonly Edit[] {
  const [name, rename] = namedBy(statement, renaming);
  if (name === undefined) return [];
  const first = tokens.findIndex(({ at }) => at.offset === statement.at.offset);
  const token = tokens.slice(first).find(({ kind, value }) => kind === 'quoted' || !BEFORE_NAME.has(value));
  return token === undefined || token.value !== name ? [] : edit(token, rename);
}

/** The token as the name that it is called now. */
function edit({ value, at, end }: Token, rename: (name: string) => string): readonly Edit[] {
  return rename(value) === value ? [] : [{ from: at.offset, to: end, text: writeName(rename(value)) }];
}

/** WITH (QUERY_ID = 'totals'): ksqlDB takes the id in upper case. */
function queryId(properties: WithClause, tokens: readonly Token[], { query }: Renaming): readonly Edit[] {
  const id = properties.get('QUERY_ID');
  const token = id?.kind === 'string' ? tokens.find(({ at }) => at.offset === id.at.offset) : undefined;
  if (token === undefined) return [];
  return [{ from: token.at.offset, to: token.end, text: quoteText(query(token.value.toUpperCase())) }];
}

function namedBy(
  statement: Statement,
  { source, connector, type, query }: Renaming,
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
    case 'create-type':
    case 'drop-type':
      return [statement.name, type];
    case 'terminate':
    case 'pause':
    case 'resume':
      return [statement.query, query];
    default:
      return [undefined, source];
  }
}

function readNames(query: Query, tokens: readonly Token[], { source }: Renaming): readonly Edit[] {
  const read: readonly SourceRef[] = [query.from, ...query.joins.map((join) => join.source)];
  return read.flatMap(({ name, alias, at }) => {
    const token = tokens.find((one) => one.at.offset === at.offset);
    if (token === undefined || source(name) === name) return [];
    const kept = alias === undefined ? ` AS ${writeName(name)}` : '';
    return [{ from: at.offset, to: token.end, text: `${writeName(source(name))}${kept}` }];
  });
}
