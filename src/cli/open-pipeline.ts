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
  // YAML and its schema cost 0.1 s to load: --help does without.
  const [{ loadPipeline }, { KINDS }] = await Promise.all([import('../pipeline/load.js'), import('../kinds/table.js')]);
  const files = options.file ?? (operand === undefined ? [await findFile(shell)] : [operand]);
  const { pipeline, problems } = loadPipeline(
    { files, profiles: options.profile ?? [], target: options.target, env: shell.env, cwd: shell.cwd },
    KINDS,
  );
  for (const problem of problems)
    if (pipeline === undefined || options.quiet !== true) shell.err(problemLine(problem, options));
  if (pipeline === undefined) throw new InvalidPipeline(problems);
  return pipeline;
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
        : `Name one with -f. These run: ${running.join(', ')}`,
  });
}
