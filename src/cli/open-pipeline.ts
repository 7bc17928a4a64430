import type { Loaded, LoadOptions } from '../pipeline/load.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { Problem } from '../pipeline/problem.js';
import { counted } from '../support/counted.js';
import { EvpipeError } from '../support/errors.js';
import type { CommonOptions } from './command.js';
import { jsonLine } from './event-printers.js';
import type { Shell } from './shell.js';

/** Thrown once the problems have been printed: nothing more is to be said, the exit code is that of wrong usage. */
export class InvalidPipeline extends EvpipeError {
  constructor(readonly problems: readonly Problem[]) {
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    super('EVPIPE_PIPELINE_INVALID', `${counted(errors, 'error')} in the pipeline file; nothing was started`, {
      kind: 'usage',
    });
  }
}

/**
 * Loads the pipeline that a command is about: from -f, the operand, EVPIPE_FILE, this folder and its parents, or the only one that runs. Prints
 * warnings and problems to stderr. Throws InvalidPipeline, EVPIPE_FILE_MISSING (both kind usage).
 */
export async function openPipeline(shell: Shell, options: CommonOptions, operand?: string): Promise<Pipeline> {
  return usable(await loaded(shell, options, operand), shell, options);
}

/** The same, but its warnings are for the caller to show. */
export async function openWithWarnings(
  shell: Shell,
  options: CommonOptions,
  operand?: string,
): Promise<{ readonly pipeline: Pipeline; readonly warnings: readonly Problem[] }> {
  const found = await loaded(shell, options, operand);
  return { pipeline: usable(found, shell, { ...options, quiet: true }), warnings: found.problems };
}

async function loaded(shell: Shell, options: CommonOptions, operand: string | undefined): Promise<Loaded> {
  // YAML and its schema cost 0.1 s to load: --help does without.
  const [{ loadPipeline }, { KINDS }] = await Promise.all([import('../pipeline/load.js'), import('../kinds/table.js')]);
  const files = await filesOf(shell, options, operand);
  return loadPipeline(loadOptions(files, shell, options), KINDS);
}

function usable({ pipeline, problems }: Loaded, shell: Shell, options: CommonOptions): Pipeline {
  for (const problem of problems)
    if (pipeline === undefined || options.quiet !== true) shell.err(problemLine(problem, options));
  if (pipeline === undefined) throw new InvalidPipeline(problems);
  return pipeline;
}

/** As openPipeline, with what takes longer to find out. */
export async function openExamined(shell: Shell, options: CommonOptions, operand?: string): Promise<Pipeline> {
  const [{ examinePipeline }, { KINDS }] = await Promise.all([
    import('../pipeline/load.js'),
    import('../kinds/table.js'),
  ]);
  const files = await filesOf(shell, options, operand);
  return usable(await examinePipeline(loadOptions(files, shell, options), KINDS), shell, options);
}

/** The same, and its profiles, chosen or not, have no error either. */
export async function openEveryProfile(shell: Shell, options: CommonOptions, operand?: string): Promise<Pipeline> {
  const [{ examineEveryProfile }, { KINDS }] = await Promise.all([
    import('../pipeline/load.js'),
    import('../kinds/table.js'),
  ]);
  const files = await filesOf(shell, options, operand);
  const { pipeline, problems, profileProblems } = await examineEveryProfile(loadOptions(files, shell, options), KINDS);
  const sound = profileProblems.length === 0 ? pipeline : undefined;
  return usable({ pipeline: sound, problems: [...problems, ...profileProblems] }, shell, options);
}

/**
 * For commands that look at or stop what runs: where the file can't be used now, because the environment lacks a variable or it
 * is just being edited, what was recorded when it was brought up. Throws as openPipeline does where nothing was.
 */
export async function openRunning(shell: Shell, options: CommonOptions, operand?: string): Promise<Pipeline> {
  const [{ loadPipeline, loadRecorded }, { KINDS }] = await Promise.all([
    import('../pipeline/load.js'),
    import('../kinds/table.js'),
  ]);
  const files = await filesOf(shell, options, operand);
  const wanted = loadOptions(files, shell, options);
  const { pipeline, problems } = loadPipeline(wanted, KINDS);
  if (pipeline !== undefined) return pipeline;
  const recorded = loadRecorded(wanted, KINDS);
  const errors = problems.filter(({ severity }) => severity === 'error');
  // What a missing variable leaves behind may be wrong too.
  const first = errors.find(({ code }) => code === 'variable-missing') ?? errors[0];
  if (recorded === undefined || first === undefined) {
    for (const problem of problems) shell.err(problemLine(problem, options));
    throw new InvalidPipeline(problems);
  }
  if (options.output === 'text' && options.quiet !== true)
    shell.err(
      `${problemLine(first, options)}  Until that is fixed, this works on the pipeline as it was last brought up.\n`,
    );
  return recorded;
}

const filesOf = async (
  shell: Shell,
  { file }: CommonOptions,
  operand: string | undefined,
): Promise<readonly string[]> => file ?? (operand === undefined ? [await findFile(shell)] : [operand]);

function loadOptions(files: readonly string[], shell: Shell, options: CommonOptions): LoadOptions {
  return { files, profiles: options.profile ?? [], target: options.target, env: shell.env, cwd: shell.cwd };
}

export function problemLine(
  { severity, code, message, todo, location }: Problem,
  { output }: Pick<CommonOptions, 'output'>,
): string {
  if (output === 'json') return jsonLine({ kind: 'problem', severity, code, message, todo, ...location });
  return `${location.file}:${location.line}:${location.column}: ${severity === 'warning' ? 'warning: ' : ''}${message}\n${todo === undefined ? '' : `  ${todo}\n`}`;
}

async function findFile(shell: Shell): Promise<string> {
  const { findPipelineFile } = await import('../pipeline/load.js');
  const found = findPipelineFile(shell.env, shell.cwd);
  if (found !== undefined) return found;
  const { runningPipelineFiles } = await import('../operations/run/running.js');
  const running = await runningPipelineFiles(shell.env);
  if (running.length === 1 && running[0] !== undefined) return running[0];
  throw new EvpipeError('EVPIPE_FILE_MISSING', 'there is no evpipe.yaml here or in a folder above', {
    kind: 'usage',
    todo:
      running.length === 0
        ? 'Name a folder or a file: evpipe up pipelines/person-planning'
        : `Name one with -f. Running: ${running.join(', ')}`,
  });
}
