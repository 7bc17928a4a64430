import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type Scalar,
  YAMLParseError,
  type Node as YamlNode,
} from 'yaml';
import type { SourceLocation } from '../support/errors.js';
import { textFault } from './not-yaml.js';
import { type Problem, problem, warning } from './problem.js';
import { describeYamlError, MARKS, ownFaults, placeOfYamlError } from './yaml-errors.js';

/** A YAML value that still knows where it is, whatever files and profiles it was merged from. */
export type Tree =
  | {
      readonly kind: 'scalar';
      readonly value: unknown;
      readonly location: SourceLocation;
      /** Did a variable of the environment go into it? */
      readonly fromEnvironment?: boolean;
    }
  | { readonly kind: 'list'; readonly items: readonly Tree[]; readonly location: SourceLocation }
  | { readonly kind: 'mapping'; readonly entries: ReadonlyMap<string, Entry>; readonly location: SourceLocation };

export interface Entry {
  /** Of the key. */
  readonly location: SourceLocation;
  readonly value: Tree;
}

/** Depth that no pipeline file needs; deeper ones (aliases in circles) are refused. */
const DEPTH_MAX = 40;
/** Nodes that all aliases together may stand for: a few lines of them can mean billions. */
const ALIASED_NODES_MAX = 100_000;

/** Reads one YAML text. `file` is how messages name it. */
export function parseTree(text: string, file: string): { tree: Tree | undefined; problems: Problem[] } {
  const lines = new LineCounter();
  const at = (offset: number): SourceLocation => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const fault = textFault(text);
  if (fault !== undefined) {
    lines.addNewLine(0);
    for (let end = text.indexOf('\n'); end !== -1 && end < fault.offset; end = text.indexOf('\n', end + 1))
      lines.addNewLine(end + 1);
    return { tree: undefined, problems: [problem('yaml', at(fault.offset), fault.message)] };
  }
  const { document, tooDeepAt } = parseYaml(text, lines);
  if (tooDeepAt !== undefined) return { tree: undefined, problems: [problem('yaml', at(tooDeepAt), TOO_DEEP)] };
  const problems = ownFaults([...document.errors, ...document.warnings]).map((error): Problem => {
    const location = at(placeOfYamlError(error, text));
    const message = describeYamlError(error, text);
    return error.name === 'YAMLWarning' ? warning('yaml', location, message) : problem('yaml', location, message);
  });
  if (document.errors.length > 0) return { tree: undefined, problems };
  const builder = new TreeBuilder(at, problems);
  const tree = document.contents === null ? undefined : builder.build(document.contents, 0);
  return { tree: builder.isLost ? undefined : tree, problems };
}

const TOO_DEEP = 'nested too deeply';

/** The text's document, or where it nests too deeply. */
function parseYaml(text: string, lines: LineCounter): { document: Document.Parsed; tooDeepAt: number | undefined } {
  const depth = new Depth();
  function* parsed(): Generator<CST.Token> {
    lines.addNewLine(0);
    const parser = new Parser(lines.addNewLine);
    for (const token of new Lexer().lex(text)) {
      depth.take(token);
      if (depth.exceededAt !== undefined) return; // the parser would call itself for each level
      yield* parser.next(token);
    }
    yield* parser.end();
  }
  const composer = new Composer({ lineCounter: lines, prettyErrors: false, uniqueKeys: false, version: '1.2' });
  const [document, second] = composer.compose(parsed(), true, text.length);
  if (document === undefined) throw new Error('no document was composed, which is done of any text');
  if (second !== undefined) {
    const [from, to] = second.range;
    document.errors.push(new YAMLParseError([from, to], 'MULTIPLE_DOCS', 'there is a second document'));
  }
  return { document, tooDeepAt: depth.exceededAt };
}

/** How deep the text nests, by its tokens alone. */
class Depth {
  private brackets = 0;
  private dashes = 0; // lists in lists on one line: - - -
  private offset = 0;
  exceededAt: number | undefined;

  take(token: string): void {
    if (token === '[' || token === '{') this.brackets += 1;
    else if (token === ']' || token === '}') this.brackets -= 1;
    else if (token === '-' || token === '?') this.dashes += 1;
    else if (token.includes('\n')) this.dashes = 0;
    if (this.brackets > DEPTH_MAX || this.dashes > DEPTH_MAX) this.exceededAt = this.offset;
    if (!MARKS.has(token)) this.offset += token.length;
  }
}

class TreeBuilder {
  private readonly anchors = new Map<string, YamlNode>();
  private aliasedNodes = 0;
  private aliasDepth = 0;
  private readonly open = new Set<YamlNode>();
  /** An alias stands for nothing that can be used, so that what is left says nothing. */
  isLost = false;

  constructor(
    private readonly at: (offset: number) => SourceLocation,
    private readonly problems: Problem[],
  ) {}

  build(node: YamlNode | null | undefined, depth: number, fallback?: SourceLocation): Tree {
    const location = node?.range ? this.at(node.range[0]) : (fallback ?? this.at(0));
    if (depth > DEPTH_MAX) return this.lost(location, TOO_DEEP);
    if (isAlias(node)) return this.expanded(node, depth, location);
    if (this.aliasDepth > 0) {
      this.aliasedNodes += 1;
      if (this.aliasedNodes > ALIASED_NODES_MAX) return { kind: 'scalar', value: null, location };
    } else if (node?.anchor !== undefined) this.anchors.set(node.anchor, node);
    if (node) this.open.add(node);
    try {
      return this.content(node, depth, location);
    } finally {
      if (node) this.open.delete(node);
    }
  }

  private content(node: YamlNode | null | undefined, depth: number, location: SourceLocation): Tree {
    if (isMap<YamlNode | null, YamlNode | null>(node)) {
      const entries = new Map<string, Entry>();
      const merged = new Set<string>();
      for (const pair of node.items) {
        const { key, value } = pair;
        const place = key?.range ? this.at(key.range[0]) : location;
        if (!isScalar(key) || key.value === null || typeof key.value === 'object') {
          this.problems.push(problem('yaml', place, 'a key must be a plain string'));
          continue;
        }
        if (key.value === '<<') {
          for (const [name, entry] of this.mergedEntries(value, depth, place)) {
            if (entries.has(name)) continue;
            merged.add(name);
            entries.set(name, entry);
          }
          continue;
        }
        // Not by the parser's `uniqueKeys`: it compares each key with all before it.
        if (entries.has(String(key.value)) && !merged.has(String(key.value)))
          this.problems.push(problem('yaml', place, `key ${String(key.value)} is already set in this mapping`));
        merged.delete(String(key.value));
        entries.set(String(key.value), {
          location: place,
          value: this.build(value, depth + 1, place),
        });
      }
      return { kind: 'mapping', entries, location };
    }
    if (isSeq<YamlNode>(node))
      return {
        kind: 'list',
        items: node.items.map((item) => this.build(item, depth + 1, location)),
        location,
      };
    return { kind: 'scalar', value: isScalar(node) ? scalarValue(node) : null, location };
  }

  /** `<<: *shared`, or a list of such: keys that the mapping's own ones override, and earlier ones later ones. */
  private mergedEntries(node: YamlNode | null, depth: number, place: SourceLocation): readonly [string, Entry][] {
    const tree = this.build(node, depth + 1, place);
    const parts = tree.kind === 'list' ? tree.items : [tree];
    return parts.flatMap((part) => {
      if (part.kind === 'mapping') return [...part.entries];
      this.problems.push(problem('yaml', place, '<< merges mappings: <<: *name, or <<: [*one, *two]'));
      return [];
    });
  }

  private expanded({ source }: Alias, depth: number, location: SourceLocation): Tree {
    if (this.aliasedNodes > ALIASED_NODES_MAX) return { kind: 'scalar', value: null, location };
    const anchored = this.anchors.get(source);
    if (anchored === undefined)
      return this.lost(location, `there is no anchor &${source} before it; text that starts with "*" needs quotes`);
    if (this.open.has(anchored)) return this.lost(location, `*${source} stands within what it stands for`);
    this.aliasDepth += 1;
    const tree = this.build(anchored, depth + 1, location);
    this.aliasDepth -= 1;
    if (this.aliasDepth === 0 && this.aliasedNodes > ALIASED_NODES_MAX)
      return this.lost(location, `the aliases expand to more than ${ALIASED_NODES_MAX.toLocaleString('en')} values`);
    return tree;
  }

  /** The first such fault is named: the others follow from it. */
  private lost(location: SourceLocation, message: string): Tree {
    if (!this.isLost) this.problems.push(problem('yaml', location, message));
    this.isLost = true;
    return { kind: 'scalar', value: null, location };
  }
}

/** A number that does not print as it was written (1.10, 0x1F, 9223372036854775807) stays a text: most options want one anyhow. */
function scalarValue(node: Scalar): unknown {
  const { value, source } = node;
  return typeof value === 'number' && source !== undefined && String(value) !== source ? source : value;
}

/**
 * Deep merge: mappings key by key, everything else replaced; null removes the key. Within a profile it stays, to remove
 * the key once the profile is merged.
 */
export function mergeTrees(base: Tree, overlay: Tree, at: readonly string[] = []): Tree {
  if (base.kind !== 'mapping' || overlay.kind !== 'mapping') return overlay;
  const entries = new Map(base.entries);
  for (const [key, entry] of overlay.entries) {
    const below = entries.get(key);
    const removes = entry.value.kind === 'scalar' && entry.value.value === null;
    const inProfile = at.length > 1 && at[0] === 'profiles';
    if (removes && !inProfile) entries.delete(key);
    else if (below === undefined) entries.set(key, entry);
    else entries.set(key, { location: entry.location, value: mergeTrees(below.value, entry.value, [...at, key]) });
  }
  return { kind: 'mapping', entries, location: base.location };
}

export function plainValue(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainValue);
  // Without a prototype, so that a key named __proto__ is a key like any other.
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, entry] of tree.entries) object[key] = plainValue(entry.value);
  return object;
}

/** What is at this path; undefined where there is nothing. */
export function nodeAt(tree: Tree, path: readonly PropertyKey[]): Tree | undefined {
  let here: Tree | undefined = tree;
  for (const step of path) {
    if (here?.kind === 'mapping') here = here.entries.get(String(step))?.value;
    else if (here?.kind === 'list') here = here.items[Number(step)];
    else return undefined;
  }
  return here;
}

/** The keys of the mapping at this path; [] where there is none. */
export function keysAt(tree: Tree, path: readonly PropertyKey[]): readonly string[] {
  const node = nodeAt(tree, path);
  return node?.kind === 'mapping' ? [...node.entries.keys()] : [];
}

/** The same tree without the keys or items at these paths. */
export function without(tree: Tree, paths: ReadonlyArray<readonly PropertyKey[]>): Tree {
  if (paths.length === 0 || tree.kind === 'scalar') return tree;
  const below = (key: string): (readonly PropertyKey[])[] =>
    paths.filter((path) => String(path[0]) === key).map((path) => path.slice(1));
  const gone = (key: string): boolean => below(key).some((path) => path.length === 0);
  if (tree.kind === 'list') {
    const kept = tree.items.flatMap((item, index) =>
      gone(String(index)) ? [] : [without(item, below(String(index)))],
    );
    return { ...tree, items: kept };
  }
  const entries = new Map<string, Entry>();
  for (const [key, entry] of tree.entries) {
    if (!gone(key)) entries.set(key, { ...entry, value: without(entry.value, below(key)) });
  }
  return { ...tree, entries };
}

/** Every text in the tree, with its path. */
export function* textsOf(
  tree: Tree,
  path: readonly string[] = [],
): Generator<{ readonly path: readonly string[]; readonly text: string; readonly location: SourceLocation }> {
  if (tree.kind === 'scalar') {
    if (typeof tree.value === 'string') yield { path, text: tree.value, location: tree.location };
  } else if (tree.kind === 'list') {
    for (const [index, item] of tree.items.entries()) yield* textsOf(item, [...path, String(index)]);
  } else {
    for (const [key, entry] of tree.entries) yield* textsOf(entry.value, [...path, key]);
  }
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

const UNCLOSED = /\$\{[A-Z_][A-Z0-9_]*(?::-[^}]*)?$/;

/** Whether a variable was left in a value, because this run needs neither. */
export const holdsVariable = (text: string): boolean => text.search(VARIABLE) >= 0 || UNCLOSED.test(text);

/**
 * Replaces `${NAME}` and `${NAME:-default}` in text scalars, names in capitals only: `${routedByValue}` and
 * `${file:…}` belong to others and stay. A name that the environment does not have is a problem at its place, but
 * for parts that this run does not need (`needed` says no): there it stays as it is.
 */
export function interpolate(
  tree: Tree,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
  needed: (path: readonly string[]) => boolean = () => true,
  path: readonly string[] = [],
): Tree {
  const below = (value: Tree, key: string): Tree => interpolate(value, env, problems, needed, [...path, key]);
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item, index) => below(item, String(index))) };
  if (tree.kind === 'mapping') {
    const entries = new Map<string, Entry>();
    for (const [key, entry] of tree.entries) entries.set(key, { ...entry, value: below(entry.value, key) });
    return { ...tree, entries };
  }
  if (typeof tree.value !== 'string' || !tree.value.includes('${')) return tree;
  const value = tree.value.replace(VARIABLE, (whole, name: string, fallback: string | undefined) => {
    const found = env[name];
    if (found !== undefined && (found !== '' || fallback === undefined)) return found;
    if (fallback !== undefined) return fallback;
    if (!needed(path)) return whole;
    const message = `the environment has no ${name}; set it, or give a default: \${${name}:-…}`;
    problems.push(problem('variable-missing', tree.location, message));
    return whole;
  });
  const open = UNCLOSED.exec(value)?.[0];
  if (open !== undefined && needed(path))
    problems.push(problem('variable-unclosed', tree.location, `${open} has no } at its end`));
  return value === tree.value ? tree : { ...tree, value, fromEnvironment: true };
}
