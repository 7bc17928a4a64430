import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EvpipeError, messageOf } from '../support/errors.js';
import { readJson, writeJson } from '../support/json-file.js';
import { buildPipeline, displayPath } from './build.js';
import { didYouMean } from './did-you-mean.js';
import { interpolate, keysAt, locate, mergeTrees, parseTree, plainValue, type Tree, without } from './document.js';
import { describeIssue, issueProblems } from './issues.js';
import type { FileKind, LintContext } from './kind.js';
import { lint, lintContext } from './lint.js';
import type { Pipeline } from './pipeline.js';
import { type Problem, placeOrder, problem } from './problem.js';
import { type PipelineSpec, pipelineSpec } from './spec.js';

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
export function loadPipeline(options: LoadOptions, kinds: readonly FileKind[]): Loaded {
  const { pipeline, problems } = checked(readFiles(options), options, kinds);
  return { pipeline, problems };
}

/** The same, and what takes more than reading the file to find out. */
export async function examinePipeline(options: LoadOptions, kinds: readonly FileKind[]): Promise<Loaded> {
  return examined(checked(readFiles(options), options, kinds));
}

export interface ExaminedProfiles extends Loaded {
  /** Those that the file has with one more of its profiles, beyond `problems`. */
  readonly profileProblems: readonly Problem[];
}

/**
 * The same, and once more with each profile that was not chosen. Warnings of those are left out: they are about the file as it
 * is used. So are missing variables, which need not be at hand for what is not chosen.
 */
export async function examineEveryProfile(options: LoadOptions, kinds: readonly FileKind[]): Promise<ExaminedProfiles> {
  const read = readFiles(options);
  const form = pipelineSpec(kinds);
  const asChosen = examined(checked(read, options, kinds, form));
  const names = new Set(read.trees.flatMap((tree) => keysAt(tree, ['profiles'])));
  // The examination of one waits for others' programs, so the next is checked meanwhile.
  const withOneMore = [...names]
    .filter((name) => !options.profiles.includes(name))
    .map((name) => {
      const chosen = { ...options, profiles: [...options.profiles, name] };
      return examined(checked(read, chosen, kinds, form)).then(({ problems }) => ({ name, problems }));
    });
  const [loaded, ...others] = await Promise.all([asChosen, ...withOneMore]);
  return { ...loaded, profileProblems: sorted(newProblems(loaded, others)) };
}

function newProblems(
  { problems }: Loaded,
  others: readonly { readonly name: string; readonly problems: readonly Problem[] }[],
): readonly Problem[] {
  const known = new Set(problems.map(problemKey));
  const added: Problem[] = [];
  for (const { name, problems } of others) {
    for (const found of problems) {
      const key = problemKey(found);
      if (found.severity !== 'error' || found.code === 'variable-missing' || known.has(key)) continue;
      known.add(key);
      added.push({ ...found, message: `${found.message} (with --profile ${name})` });
    }
  }
  return added;
}

const problemKey = ({ code, message, location }: Problem): string =>
  [code, message, location.file, location.line, location.column].join(' ');

async function examined({ pipeline, problems, context }: Checked): Promise<Loaded> {
  const asked = (context?.kinds ?? []).map((kind) => (context === undefined ? [] : (kind.examine?.(context) ?? [])));
  const found = (await Promise.all(asked)).flat();
  const broken = found.some(({ severity }) => severity === 'error');
  return { pipeline: broken ? undefined : pipeline, problems: sorted([...problems, ...found]) };
}

interface Checked extends Loaded {
  /** What the rules looked at; undefined where nothing of the file could be used. */
  readonly context?: LintContext;
}

interface FilesRead {
  readonly files: readonly string[];
  /** Of fewer files than there are where one could not be parsed. */
  readonly trees: readonly Tree[];
  readonly problems: readonly Problem[];
}

function readFiles({ files, cwd }: Pick<LoadOptions, 'files' | 'cwd'>): FilesRead {
  const problems: Problem[] = [];
  const resolved = files.map((file) => resolveFile(file, cwd));
  return { files: resolved, trees: resolved.flatMap((file) => readTree(file, cwd, problems) ?? []), problems };
}

function checked(
  { files, trees, problems: found }: FilesRead,
  options: LoadOptions,
  kinds: readonly FileKind[],
  form = pipelineSpec(kinds),
): Checked {
  const problems = [...found];
  const [first] = files;
  if (first === undefined || trees.length < files.length) return { pipeline: undefined, problems: sorted(problems) };
  const merged = applyProfiles(
    trees.reduce((base, overlay) => mergeTrees(base, overlay)),
    options.profiles,
    problems,
  );
  const target = options.target ?? 'embedded';
  // Profiles are merged by now, and the passwords of another target need not be at hand.
  const tree = interpolate(merged, options.env, problems, ([section, name]) =>
    section === 'targets' ? name === target : section !== 'profiles',
  );
  const { spec, sound } = readSpec(tree, form, problems);
  if (spec === undefined) return { pipeline: undefined, problems: sorted(problems) };
  const complete = sound === tree;
  const folder = first === '-' ? options.cwd : dirname(first);
  const input = { spec, tree: sound, file: first, folder, target };
  const written = buildPipeline({ ...input, asWritten: true }, kinds, problems);
  const context = lintContext({ pipeline: written, tree, complete, cwd: options.cwd }, kinds);
  problems.push(...lint(context));
  const broken = problems.some(({ severity }) => severity === 'error');
  if (broken) return { pipeline: undefined, problems: sorted(problems), context };
  const pipeline = written.target.namespace === undefined ? written : buildPipeline(input, kinds, []);
  return { pipeline, problems: sorted(problems), context };
}

/** What `up` was started with: enough to work with what runs, whatever has become of the file and the environment. */
export interface RecordedPipeline {
  readonly version: 1;
  /** Absolute. */
  readonly file: string;
  readonly target: string;
  readonly document: unknown;
}

const RECORD = 'pipeline.json';

export function recordPipeline({ file, target, document, stateFolder }: Pipeline): void {
  if (file === '-') return;
  writeJson(join(stateFolder, RECORD), { version: 1, file, target: target.name, document } satisfies RecordedPipeline);
}

/**
 * The pipeline of this file as it was recorded last, without any checks; undefined where nothing, or more than one
 * pipeline, was started from it. Throws EVPIPE_FILE_MISSING (kind usage).
 */
export function loadRecorded(
  { files, target, cwd }: Pick<LoadOptions, 'files' | 'target' | 'cwd'>,
  kinds: readonly FileKind[],
): Pipeline | undefined {
  const [file] = files.map((one) => resolveFile(one, cwd));
  if (file === undefined || file === '-') return undefined;
  const folder = dirname(file);
  const states = join(folder, '.evpipe');
  const entries = existsSync(states) ? readdirSync(states, { withFileTypes: true }) : [];
  const found = entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readJson<RecordedPipeline>(join(states, name, RECORD), 1) ?? [])
    .filter((record) => record.file === file && (target === undefined || record.target === target));
  const [record] = found;
  if (record === undefined || found.length > 1) return undefined;
  const { tree } = parseTree(JSON.stringify(record.document), displayPath(file, cwd));
  const { spec, sound } =
    tree === undefined ? { spec: undefined, sound: undefined } : readSpec(tree, pipelineSpec(kinds), []);
  if (spec === undefined) return undefined;
  return buildPipeline({ spec, tree: sound, file, folder, target: record.target }, kinds, []);
}

/**
 * The typed file. Where parts of it are wrong they are named and left out, so that the rules of lint still see the
 * rest and all problems come at once; `sound` is the tree without them.
 */
function readSpec(
  tree: Tree,
  form: ReturnType<typeof pipelineSpec>,
  problems: Problem[],
): { spec: PipelineSpec | undefined; sound: Tree } {
  let sound = tree;
  let isFirst = true;
  // First unknown keys and the thing around a wrong value go, then its section; then nothing of it is left that could be wrong.
  for (const depth of [2, 1]) {
    const parsed = form.safeParse(plainValue(sound), { error: describeIssue });
    if (parsed.success) return { spec: parsed.data, sound };
    if (isFirst) for (const issue of parsed.error.issues) problems.push(...issueProblems(issue, tree));
    isFirst = false;
    const paths = parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path.slice(0, depth)],
    );
    sound = withStand(without(sound, paths), tree);
  }
  const last = form.safeParse(plainValue(sound), { error: describeIssue });
  return { spec: last.success ? last.data : undefined, sound };
}

/** `version` and `name` stand in where the file's own are wrong. */
function withStand(tree: Tree, original: Tree): Tree {
  if (tree.kind !== 'mapping') return tree;
  const entries = new Map(tree.entries);
  for (const [key, value] of [['version', 1] as const, ['name', 'pipeline'] as const]) {
    if (entries.has(key)) continue;
    const { location } = original;
    entries.set(key, { location, value: { kind: 'scalar', value, location } });
  }
  return { ...tree, entries };
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
    throw new EvpipeError('EVPIPE_FILE_UNREADABLE', `${shown} can't be read: ${messageOf(failure)}`, {
      kind: 'usage',
      cause: failure,
    });
  }
  const { tree, problems: found } = parseTree(text, shown);
  problems.push(...found);
  if (tree === undefined && found.length === 0) {
    problems.push(problem('yaml', { file: shown, line: 1, column: 1 }, 'the file is empty'));
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
      problems.push(problem('profile-unknown', locate(tree, ['profiles']), message));
    }
  }
  return merged;
}

const sorted = (problems: readonly Problem[]): readonly Problem[] =>
  [...problems].sort((a, b) => placeOrder(a.location, b.location));
