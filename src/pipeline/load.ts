import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EvpipeError, messageOf } from '../support/errors.js';
import { buildPipeline, displayPath } from './build.js';
import { interpolate, locate, mergeTrees, parseTree, plainValue, type Tree } from './document.js';
import { lint } from './lint.js';
import type { Pipeline } from './pipeline.js';
import type { Problem } from './problem.js';
import { didYouMean, pipelineSpec } from './spec.js';

export const PIPELINE_FILE = 'evpipe.yaml';

export interface LoadOptions {
  /** Files or folders, merged in order; `-` is standard input. Empty: found by `findPipelineFile`. */
  readonly files: readonly string[];
  readonly profiles: readonly string[];
  /** Default: embedded. */
  readonly target?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export interface Loaded {
  /** Undefined where an error was found. */
  readonly pipeline: Pipeline | undefined;
  readonly problems: readonly Problem[];
}

/** Looks for evpipe.yaml: EVPIPE_FILE, this folder and its parents. Undefined where there is none. */
export function findPipelineFile(env: LoadOptions['env'], cwd: string): string | undefined {
  if (env.EVPIPE_FILE !== undefined && env.EVPIPE_FILE !== '') return resolve(cwd, env.EVPIPE_FILE);
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = join(folder, PIPELINE_FILE);
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return undefined;
  }
}

/**
 * Reads, merges, checks. Never throws for what a file holds: all its problems come back at once with their places,
 * sorted. Throws EVPIPE_FILE_MISSING (kind usage) where there is no file to read.
 */
export function loadPipeline(options: LoadOptions): Loaded {
  const problems: Problem[] = [];
  const files = options.files.map((file) => resolveFile(file, options.cwd));
  const trees = files.flatMap((file) => readTree(file, options.cwd, problems) ?? []);
  const [first] = files;
  if (first === undefined || trees.length < files.length) return { pipeline: undefined, problems: sorted(problems) };
  const merged = applyProfiles(
    trees.reduce((base, overlay) => mergeTrees(base, overlay)),
    options.profiles,
    problems,
  );
  const tree = interpolate(merged, options.env, problems);
  const parsed = pipelineSpec.safeParse(plainValue(tree), { error: describeIssue });
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(...issueProblems(issue, tree));
    return { pipeline: undefined, problems: sorted(problems) };
  }
  const folder = first === '-' ? options.cwd : dirname(first);
  const target = options.target ?? 'embedded';
  const pipeline = buildPipeline({ spec: parsed.data, tree, file: first, folder, target }, problems);
  problems.push(...lint(pipeline, options.cwd));
  const broken = problems.some((problem) => problem.severity === 'error');
  return { pipeline: broken ? undefined : pipeline, problems: sorted(problems) };
}

function resolveFile(file: string, cwd: string): string {
  if (file === '-') return file;
  const path = resolve(cwd, file);
  const wanted = existsSync(path) && statSync(path).isDirectory() ? join(path, PIPELINE_FILE) : path;
  if (existsSync(wanted)) return wanted;
  throw new EvpipeError('EVPIPE_FILE_MISSING', `there is no ${displayPath(wanted, cwd)}`, {
    kind: 'usage',
    todo: `Name a pipeline file or a folder with ${PIPELINE_FILE} in it.`,
  });
}

function readTree(file: string, cwd: string, problems: Problem[]): Tree | undefined {
  const shown = file === '-' ? 'standard input' : displayPath(file, cwd);
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (failure) {
    throw new EvpipeError('EVPIPE_FILE_UNREADABLE', `${shown} cannot be read: ${messageOf(failure)}`, {
      kind: 'usage',
      cause: failure,
    });
  }
  const { tree, problems: found } = parseTree(text, shown);
  problems.push(...found);
  if (tree === undefined && found.length === 0) {
    problems.push({ severity: 'error', message: 'the file is empty', location: { file: shown, line: 1, column: 1 } });
  }
  return tree;
}

function applyProfiles(tree: Tree, names: readonly string[], problems: Problem[]): Tree {
  if (tree.kind !== 'mapping') return tree;
  const section = tree.entries.get('profiles')?.value;
  const profiles = section?.kind === 'mapping' ? section.entries : new Map();
  let merged: Tree = tree;
  for (const name of names) {
    const profile = profiles.get(name)?.value as Tree | undefined;
    if (profile !== undefined) merged = mergeTrees(merged, profile);
    else {
      const message = `there is no profile ${name}${didYouMean(name, [...profiles.keys()] as string[])}`;
      problems.push({ severity: 'error', message, location: locate(tree, ['profiles']) });
    }
  }
  return merged;
}

type Issue = {
  readonly code: string;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly keys?: readonly string[];
};

function issueProblems(issue: Issue, tree: Tree): Problem[] {
  if (issue.code === 'unrecognized_keys' && issue.keys !== undefined) {
    // One problem for each unknown key, at the key itself; the spec has joined their messages.
    const messages = issue.message.split('; ');
    return issue.keys.map((key, index) => ({
      severity: 'error',
      message: messages[index] ?? issue.message,
      location: locate(tree, [...issue.path, key]),
    }));
  }
  const where = issue.path.length === 0 ? 'the file' : issue.path.map(String).join('.');
  return [{ severity: 'error', message: `${where}: ${issue.message}`, location: locate(tree, issue.path) }];
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
};

/** The library's wrong types in the words of the file: "must be a list, is a text". */
function describeIssue(issue: {
  readonly code?: string | undefined;
  readonly input?: unknown;
  readonly expected?: unknown;
}): string | undefined {
  if (issue.code !== 'invalid_type') return undefined;
  const wanted = NOUNS[String(issue.expected)] ?? String(issue.expected);
  return issue.input === undefined
    ? `is missing; it has to be ${wanted}`
    : `must be ${wanted}, is ${nounOf(issue.input)}`;
}

function nounOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isInteger(value)) return `${value}`;
  return NOUNS[typeof value] ?? typeof value;
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort(
    (a, b) =>
      a.location.file.localeCompare(b.location.file) ||
      a.location.line - b.location.line ||
      a.location.column - b.location.column,
  );
}
