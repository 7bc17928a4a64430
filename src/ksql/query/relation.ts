import type { Expression } from '../../protocol/ksql/ast.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { Scope } from '../expressions/compiled.js';
import { formatSchema } from '../metadata/schema.js';
import type { Source, SourceWindow } from '../metadata/source.js';
import type { StoreSpec } from '../rows/store.js';
import type { PlanNode, PlannedInput, Step, StepContext } from './plan.js';
import type { StarSource } from './projection.js';
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

/** What FROM gives: rows of one source, or of joined ones. */
export interface Relation {
  readonly inputs: readonly PlannedInput[];
  readonly type: 'STREAM' | 'TABLE';
  readonly scope: Scope;
  readonly stars: readonly StarSource[];
  /** The output's name of a column that the projection does not rename. */
  readonly nameOf: (source: string | undefined, name: string) => string;
  readonly key: readonly RelationKey[];
  /** The left table of a foreign-key join: the key is its whole primary key. */
  readonly keyOf?: string;
  readonly window: SourceWindow | undefined;
  readonly stores: readonly StoreSpec[];
  /** Whether a row's value cells are exactly those of the source's schema. */
  readonly value: ReadonlyArray<{ readonly name: string; readonly type: SqlType }>;
  /** Sources that need the same number of partitions. */
  readonly copartitioned: ReadonlyArray<readonly [Source, Source]>;
  /** A step for each input, which hands the relation's rows on. */
  readonly build: (context: StepContext, next: Step) => readonly Step[];
  readonly explain: PlanNode;
}

const START = { offset: 0, line: 1, column: 1 } as const;

export const columnOf = (source: string | undefined, name: string): Expression => ({
  kind: 'column',
  source,
  name,
  at: START,
});

/** Rows of one stream or table as they are. */
export function sourceRelation(source: Source, alias: string, showBounds: boolean): Relation {
  const { key, value, headers } = source.schema;
  const bounds = source.window !== undefined && showBounds ? ['WINDOWSTART', 'WINDOWEND'] : [];
  const columns = [...key.map(({ name }) => name), ...bounds, ...[...value, ...headers].map(({ name }) => name)];
  const read = { names: new Set<string>(), all: source.type === 'TABLE' };
  return {
    inputs: [{ source, alias, read }],
    type: source.type,
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
    stores: [],
    value: [...value, ...headers],
    copartitioned: [],
    build: (_, next) => [next],
    explain: { name: 'SOURCE', schema: formatSchema(source.schema), inputs: [] },
  };
}
