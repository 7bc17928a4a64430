import { existsSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { SourceLocation } from '../support/errors.js';
import { didYouMean } from './did-you-mean.js';
import { keysAt, locate, plainValue, type Tree } from './document.js';
import type { BuildContext, FileKind } from './kind.js';
import { pipelineName, resolvedTexts, sharedName, sharedNames } from './namespace.js';
import type { Located, Pipeline, TargetSection } from './pipeline.js';
import { type Problem, problem, warning } from './problem.js';
import type { PipelineSpec } from './spec.js';

/** What the model is made of beside the validated file. */
export interface BuildInput {
  readonly spec: PipelineSpec;
  readonly tree: Tree;
  readonly file: string;
  readonly folder: string;
  /** The target's name; the file's own targets are looked up before the plain ones. */
  readonly target: string;
  /** Names as the file has them, whatever the target's namespace: as the rules of lint see them. */
  readonly asWritten?: boolean;
}

/** Turns a valid file into the model: names and places beside values, defaults filled in, files listed. Pure but for looking at the folder. */
export function buildPipeline(input: BuildInput, kinds: readonly FileKind[], problems: Problem[]): Pipeline {
  const { spec, folder } = input;
  const target = findTarget(input, problems);
  const namespace = input.asWritten === true ? undefined : target.namespace;
  const name = pipelineName(namespace, spec.name);
  const names = sharedNames(kinds, name, namespace);
  const context = buildContext(input, name, target, namespace, problems);
  const sections = kinds
    .flatMap((kind) => kind.sections)
    .map(
      ({ key, resolves, build }): Partial<Pipeline> =>
        build(resolves !== false ? resolvedTexts(spec[key], names) : spec[key], context),
    );
  return Object.assign(
    {
      name,
      file: input.file,
      folder,
      stateFolder: join(folder, '.evpipe', name),
      target,
      document: plainValue(input.tree),
      namespace,
      names,
    },
    ...sections,
  ) as Pipeline;
}

function buildContext(
  { tree, folder }: BuildInput,
  pipeline: string,
  target: TargetSection,
  namespace: string | undefined,
  problems: Problem[],
): BuildContext {
  const located = (name: string, ...path: string[]): Located => ({
    name,
    location: locate(tree, path),
    locationOf: (...below) => locate(tree, [...path, ...below]),
  });
  return {
    name: pipeline,
    target,
    shared: (name) => sharedName(namespace, name),
    folder,
    problems,
    located,
    locate: (...path) => locate(tree, path),
    names: (...path) => keysAt(tree, path),
    each: (section, of, make) => Object.entries(of).map(([name, value]) => make(value, located(name, section, name))),
    sqlFiles: (written, at) => listSql(resolve(folder, written), written, at, problems),
  };
}

/** `500ms`, `10s`, `2m`, `1h` in milliseconds; the spec has checked the form. */
export function durationMs(text: string): number {
  const match = /^([\d.]+)(ms|s|m|h)$/.exec(text);
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match?.[2] ?? ''];
  if (match === null || unit === undefined) throw new Error(`not a duration: ${text}`);
  return Number(match[1]) * unit;
}

function findTarget({ spec, tree, target }: BuildInput, problems: Problem[]): TargetSection {
  const own = spec.targets[target];
  if (own !== undefined) return { name: target, ...own };
  if (target === 'embedded' || target === 'compose' || target === 'cluster') return { name: target, base: target };
  const known = [...Object.keys(spec.targets), 'embedded', 'compose', 'cluster'];
  const message = `there is no target ${target}${didYouMean(target, known)}`;
  problems.push(problem('target-unknown', locate(tree, ['targets']), message));
  return { name: 'embedded', base: 'embedded' };
}

function listSql(folder: string, written: string, location: SourceLocation, problems: Problem[]): readonly string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    problems.push(problem('file-missing', location, `there is no folder ${written}`));
    return [];
  }
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  if (files.length === 0) problems.push(warning('migrations-empty', location, `folder ${written} has no .sql file`));
  return files.sort().map((name) => join(folder, name));
}

/** Messages name files as the user would: relative to where evpipe was called, where that is shorter. */
export function displayPath(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path;
  return path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path;
}
