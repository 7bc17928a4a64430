import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LintContext } from '../../pipeline/kind.js';
import { type Problem, problem } from '../../pipeline/problem.js';

/** A name is a log's and a line's: a job can't share it with a service. Inputs have to be there before any job runs. */
export function checkJobs({ pipeline }: LintContext): readonly Problem[] {
  return pipeline.jobs.flatMap(({ name, inputs, location, locationOf }): Problem[] => [
    ...(pipeline.services.some((service) => service.name === name)
      ? [problem('job-name', location, `job ${name} has the same name as a service`)]
      : []),
    ...inputs.flatMap((input, index) =>
      existsSync(resolve(pipeline.folder, input))
        ? []
        : [problem('file-missing', locationOf('inputs', String(index)), `job ${name}: there is no ${input}`)],
    ),
  ]);
}
