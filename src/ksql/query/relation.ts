import type { Expression } from '../../protocol/ksql/ast.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { Scope } from '../expressions/compiled.js';
import type { Source, SourceWindow } from '../metadata/source.js';
import type { ColumnsRead, LogicalNode, SourceNode } from './logical-plan.js';
import { sourceScope } from './scope.js';

/** A key column of the rows of FROM, and which expressions mean it. */
export interface RelationKey {
  readonly name: string;
  readonly type: SqlType;
  /** Any of them carries the key; the first one in the projection names it. */
  readonly expressions: readonly Expression[];
  /** Of a join that no column carries the key of: it is a column of its own. */
  readonly synthetic?: true;
  readonly means: (expression: Expression) => boolean;
}

/** A source's columns in the order of SELECT *: key, window bounds, value, headers. */
export interface StarSource {
  readonly alias: string;
  readonly columns: readonly string[];
  /** In joins, SELECT * prefixes names with the alias. */
  readonly prefixed: boolean;
}

/** What FROM gives, rows of one source or of joined ones, and what its columns are called. */
export interface Relation {
  readonly node: LogicalNode;
  readonly scope: Scope;
  readonly stars: readonly StarSource[];
  /** The output's name of a column that the projection does not rename. */
  readonly nameOf: (source: string | undefined, name: string) => string;
  readonly key: readonly RelationKey[];
  /** The left table of a foreign-key join: the key is its whole primary key. */
  readonly keyOf?: string;
  readonly window: SourceWindow | undefined;
}

const START = { offset: 0, line: 1, column: 1 } as const;

export const columnOf = (source: string | undefined, name: string): Expression => ({
  kind: 'column',
  source,
  name,
  at: START,
});

/** Rows of one stream or table as they are. */
export function sourceRelation(source: Source, alias: string, showBounds: boolean): Relation & { node: SourceNode } {
  const { key, value, headers } = source.schema;
  const bounds = source.window !== undefined && showBounds ? ['WINDOWSTART', 'WINDOWEND'] : [];
  const columns = [...key.map(({ name }) => name), ...bounds, ...[...value, ...headers].map(({ name }) => name)];
  const read: ColumnsRead = { names: new Set<string>(), all: source.type === 'TABLE' };
  return {
    node: {
      kind: 'source',
      type: source.type,
      source,
      alias,
      read,
      flat: undefined,
      schema: { key, value: [...value, ...headers], headers: [] },
    },
    scope: sourceScope(source, alias, read.names),
    stars: [{ alias, columns, prefixed: false }],
    nameOf: (_, name) => name,
    key: key.map(({ name, type }) => ({
      name,
      type,
      expressions: [columnOf(undefined, name)],
      means: (expression) => expression.kind === 'column' && expression.name === name,
    })),
    window: source.window,
  };
}
