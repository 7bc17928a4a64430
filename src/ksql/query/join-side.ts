import type { SqlType } from '../../protocol/ksql/types.js';
import type { Compiled, Scope } from '../expressions/compiled.js';
import type { Source } from '../metadata/source.js';
import { columnOf, type Relation, sourceRelation } from './relation.js';
import { PSEUDO_COLUMNS, WINDOW_COLUMNS } from './scope.js';

/** One cell of a joined row. */
export interface Cell {
  readonly alias: string;
  readonly name: string;
  readonly type: SqlType;
  /** An expression reads it. */
  readonly onRead: () => void;
}

/** One side of a join: a source, or what the joins before gave. */
export interface Side {
  readonly relation: Relation;
  readonly cells: readonly Cell[];
  /** Undefined where the side is itself a join. */
  readonly source: Source | undefined;
}

/** A source whose rows hold key, value, window bounds and pseudo columns in their cells. */
export function sourceSide(source: Source, alias: string): Side {
  const { key, value, headers } = source.schema;
  const columns = [...key, ...value, ...headers];
  const system = [...(source.window === undefined ? [] : WINDOW_COLUMNS), ...PSEUDO_COLUMNS];
  const relation = sourceRelation(source, alias, false);
  const { read } = relation.node;
  const cellOf = (name: string, type: SqlType): Cell => ({
    alias,
    name,
    type,
    onRead: () => read.names.add(name),
  });
  const cells: Cell[] = [
    ...columns.map(({ name, type }) => cellOf(name, type)),
    ...system.map(([name, { type }]) => cellOf(name, type)),
  ];
  return {
    source,
    cells,
    relation: {
      ...relation,
      node: {
        ...relation.node,
        flat: system.map(([name]) => name),
        schema: { key, value: cells.map(({ name, type }) => ({ name: `${alias}_${name}`, type })), headers: [] },
      },
      stars: [{ alias, columns: columns.map(({ name }) => name), prefixed: true }],
      scope: cellScope(cells),
      key: key.map(({ name, type }) => ({
        name,
        type,
        expressions: [columnOf(alias, name)],
        means: (each) =>
          each.kind === 'column' && each.name === name && (each.source === undefined || each.source === alias),
      })),
    },
  };
}

/** Names that more than one side has: in the output they stand behind their side's alias. */
export function clashingNames(cells: readonly Cell[]): ReadonlySet<string> {
  const owner = new Map<string, string>();
  const clashing = new Set<string>();
  for (const { alias, name } of cells) {
    if (owner.has(name) && owner.get(name) !== alias) clashing.add(name);
    owner.set(name, alias);
  }
  return clashing;
}

/** Columns by alias and name; bare names are those of one side (`checkNames`). `rowKey` is the synthetic key. */
export function cellScope(
  cells: readonly Cell[],
  rowKey?: { readonly name: string; readonly compiled: Compiled },
): Scope {
  const compiled = (at: number): Compiled => {
    cells[at]?.onRead();
    return { type: cells[at]?.type, evaluate: (row) => row.value?.[at] ?? null };
  };
  return {
    sources: [...new Set(cells.map(({ alias }) => alias))],
    column(source, name) {
      if (source === undefined && rowKey?.name === name) return rowKey.compiled;
      const at = cells.findIndex((cell) => (source === undefined || cell.alias === source) && cell.name === name);
      return at === -1 ? undefined : compiled(at);
    },
  };
}
