import { BoundedRegex } from '../../support/bounded-regex.js';
import { isJsonObject } from '../json/parse.js';
import type { JsonSchema } from './schema.js';

/** Where something is, as the names and numbers that lead to it. */
export type Path = readonly string[];

/** A comparison that continues: what the rules of one kind of schemas ask of it. */
export interface Comparing {
  /** Tells of a broken rule. */
  add(type: string, path: Path): void;
  isCompatible(reader: JsonSchema, writer: JsonSchema): boolean;
  /** Tells of all rules that are broken below. */
  compare(reader: JsonSchema, writer: JsonSchema, path: Path): void;
}

type Bound = readonly [keyword: string, name: string, side: 'upper' | 'lower'];

/** A bound that is new, or closer than it was, keeps values out. */
export function compareBounds(
  comparison: Comparing,
  reader: JsonSchema,
  writer: JsonSchema,
  path: Path,
  bounds: readonly Bound[],
): void {
  for (const [keyword, name, side] of bounds) {
    const [now, old] = [numberIn(reader, keyword), numberIn(writer, keyword)];
    const at = [...path, keyword];
    if (now === undefined) continue;
    if (old === undefined) comparison.add(`${name}_ADDED`, at);
    else if (side === 'upper' && now < old) comparison.add(`${name}_DECREASED`, at);
    else if (side === 'lower' && now > old) comparison.add(`${name}_INCREASED`, at);
  }
}

export const numberIn = ({ keywords }: JsonSchema, keyword: string): number | undefined => {
  const value = keywords[keyword];
  return typeof value === 'number' ? value : undefined;
};

/** Members that are schemas, by name. */
export const schemasIn = (schema: JsonSchema, keyword: string): ReadonlyMap<string, JsonSchema> => {
  const found = schema.keywords[keyword];
  if (!isJsonObject(found)) return new Map();
  return new Map(
    Object.entries(found).flatMap(([name, value]) => {
      const below = schema.below(value);
      return below === undefined ? [] : [[name, below] as const];
    }),
  );
};

/** Patterns are of Java's language: one that JavaScript doesn't read covers nothing. */
export function matches(pattern: string, name: string): boolean {
  try {
    return new BoundedRegex(pattern).test(name);
  } catch (failure) {
    if (failure instanceof SyntaxError) return false;
    throw failure;
  }
}
