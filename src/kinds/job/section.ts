import type * as z from 'zod';
import { durationMs } from '../../pipeline/build.js';
import { type BuildContext, section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { problem } from '../../pipeline/problem.js';
import { referencesIn } from '../../pipeline/references.js';
import { duration, mapping, named, texts } from '../../pipeline/spec-words.js';
import { type ProgramSection, programSpec, referencesInFiles } from '../program.js';

/** A command that runs to its end: migrations of an application, its first user, a build. */
export interface JobSection extends ProgramSection {
  readonly command: readonly string[];
  /** Services and jobs that it waits for. */
  readonly after: readonly string[];
  /** Services, jobs and connectors that wait for it. */
  readonly before: readonly string[];
  /** Files and folders as in the file, relative to its folder. */
  readonly inputs: readonly string[];
  readonly timeoutMs: number | undefined;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly jobs: readonly JobSection[];
  }
}

const job = mapping({
  command: texts
    .describe('The command, which must exit with 0')
    .meta({ examples: [['python3', 'manage.py', 'migrate']] }),
  ...programSpec,
  after: texts.optional().describe('Services that must be ready and jobs that must be done before it starts'),
  before: texts.optional().describe('Services, jobs and connectors that start only after it is done'),
  inputs: texts
    .optional()
    .describe('Files and folders, relative to the pipeline file: the job runs again when one has changed')
    .meta({ examples: [['../shop/requirements.txt']] }),
  timeout: duration.optional().describe('How long it may take; default: no limit'),
});

export const jobs = section(
  'jobs',
  named(job)
    .default({})
    .describe('Commands that run once, and again when they or their inputs have changed; `up` fails if one fails'),
  (declared, context) => ({ jobs: context.each('jobs', declared, (one, at) => buildJob(one, at, context)) }),
  { resolves: true },
);

function buildJob(one: z.output<typeof job>, at: Located, { problems, names, shared }: BuildContext): JobSection {
  if (one.command.length === 0)
    problems.push(problem('job-command', at.locationOf('command'), `the command of job ${at.name} is empty`));
  return {
    ...at,
    command: one.command,
    cwd: one.cwd,
    env: one.env ?? {},
    envFile: one.envFile,
    after: one.after ?? [],
    before: (one.before ?? []).map((before) => (names('connectors').includes(before) ? shared(before) : before)),
    inputs: one.inputs ?? [],
    timeoutMs: one.timeout === undefined ? undefined : durationMs(one.timeout),
  };
}

/** The paths of `$(…)` in what a job is run with, its file of variables included. */
export const jobReferences = (
  { command, env, envFile }: Pick<JobSection, 'command' | 'env' | 'envFile'>,
  folder: string,
): readonly string[] => [
  ...[...command, ...Object.values(env)].flatMap(referencesIn),
  ...referencesInFiles(folder, { envFile }),
];
