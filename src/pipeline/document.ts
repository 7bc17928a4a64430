import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node as YamlNode,
} from 'yaml';
import type { SourceLocation } from '../support/errors.js';
import type { Problem } from './problem.js';

/** A YAML value that still knows where it stands, whatever files and profiles it was merged from. */
export type Tree =
  | { readonly kind: 'scalar'; readonly value: unknown; readonly location: SourceLocation }
  | { readonly kind: 'list'; readonly items: readonly Tree[]; readonly location: SourceLocation }
  | { readonly kind: 'mapping'; readonly entries: ReadonlyMap<string, Entry>; readonly location: SourceLocation };

export interface Entry {
  /** Of the key. */
  readonly location: SourceLocation;
  readonly value: Tree;
}

/** Depth that no pipeline file needs; deeper ones (aliases in circles) are refused. */
const DEPTH_MAX = 40;

/** Reads one YAML text. `file` is how messages name it. */
export function parseTree(text: string, file: string): { tree: Tree | undefined; problems: Problem[] } {
  const lines = new LineCounter();
  const at = (offset: number): SourceLocation => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, version: '1.2' });
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    severity: document.errors.includes(error as (typeof document.errors)[number]) ? 'error' : 'warning',
    message: error.message.replace(/\s+/g, ' '),
    location: at(error.pos[0]),
  }));
  if (document.errors.length > 0) return { tree: undefined, problems };
  const builder = new TreeBuilder(document, at, problems);
  const tree = document.contents === null ? undefined : builder.build(document.contents, 0);
  return { tree, problems };
}

class TreeBuilder {
  constructor(
    private readonly document: Document,
    private readonly at: (offset: number) => SourceLocation,
    private readonly problems: Problem[],
  ) {}

  build(node: YamlNode | null | undefined, depth: number, fallback?: SourceLocation): Tree {
    const location = node?.range ? this.at(node.range[0]) : (fallback ?? this.at(0));
    if (depth > DEPTH_MAX) {
      this.problems.push({ severity: 'error', message: 'nested too deeply', location });
      return { kind: 'scalar', value: null, location };
    }
    if (isAlias(node)) return this.build(node.resolve(this.document), depth + 1, location);
    if (isMap(node)) {
      const entries = new Map<string, Entry>();
      for (const pair of node.items) {
        const key = pair.key as YamlNode | null;
        const place = key?.range ? this.at(key.range[0]) : location;
        if (!isScalar(key) || key.value === null || typeof key.value === 'object') {
          this.problems.push({ severity: 'error', message: 'a key has to be a plain text', location: place });
          continue;
        }
        entries.set(String(key.value), {
          location: place,
          value: this.build(pair.value as YamlNode | null, depth + 1, place),
        });
      }
      return { kind: 'mapping', entries, location };
    }
    if (isSeq(node))
      return {
        kind: 'list',
        items: node.items.map((item) => this.build(item as YamlNode, depth + 1, location)),
        location,
      };
    return { kind: 'scalar', value: isScalar(node) ? node.value : null, location };
  }
}

/** Deep merge: mappings key by key, everything else replaced; null removes the key. */
export function mergeTrees(base: Tree, overlay: Tree): Tree {
  if (base.kind !== 'mapping' || overlay.kind !== 'mapping') return overlay;
  const entries = new Map(base.entries);
  for (const [key, entry] of overlay.entries) {
    const below = entries.get(key);
    if (entry.value.kind === 'scalar' && entry.value.value === null) entries.delete(key);
    else
      entries.set(
        key,
        below === undefined ? entry : { location: entry.location, value: mergeTrees(below.value, entry.value) },
      );
  }
  return { kind: 'mapping', entries, location: base.location };
}

export function plainValue(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainValue);
  // Without a prototype, so that a key named __proto__ is a key like any other.
  const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of tree.entries) object[key] = plainValue(entry.value);
  return object;
}

/** The place of the value at this path, or of the nearest thing above it that exists; a key's own place where the path ends at one. */
export function locate(tree: Tree, path: readonly PropertyKey[]): SourceLocation {
  let here = tree;
  let location = tree.location;
  for (const step of path) {
    if (here.kind === 'mapping') {
      const entry = here.entries.get(String(step));
      if (entry === undefined) return location;
      location = entry.location;
      here = entry.value;
    } else if (here.kind === 'list') {
      const item = here.items[Number(step)];
      if (item === undefined) return location;
      location = item.location;
      here = item;
    } else return location;
  }
  return location;
}

const VARIABLE = /\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in text scalars, names in capitals only: `${routedByValue}` and
 * `${file:…}` are somebody else's and stay. A name that the environment does not have is a problem at its place.
 */
export function interpolate(tree: Tree, env: Readonly<Record<string, string | undefined>>, problems: Problem[]): Tree {
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => interpolate(item, env, problems)) };
  if (tree.kind === 'mapping') {
    const entries = new Map<string, Entry>();
    for (const [key, entry] of tree.entries)
      entries.set(key, { ...entry, value: interpolate(entry.value, env, problems) });
    return { ...tree, entries };
  }
  if (typeof tree.value !== 'string' || !tree.value.includes('${')) return tree;
  const value = tree.value.replace(VARIABLE, (whole, name: string, fallback: string | undefined) => {
    const found = env[name];
    if (found !== undefined && (found !== '' || fallback === undefined)) return found;
    if (fallback !== undefined) return fallback;
    problems.push({
      severity: 'error',
      message: `the environment has no ${name}; give it, or a default: \${${name}:-…}`,
      location: tree.location,
    });
    return whole;
  });
  return { ...tree, value };
}
