import { runningPipelines } from '../../targets/running.js';

/** The files of this user's running pipelines. */
export async function runningPipelineFiles(
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  return (await runningPipelines(env)).map(({ file }) => file);
}
