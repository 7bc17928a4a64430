import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { displayPath } from '../../pipeline/build.js';
import type { LintContext } from '../../pipeline/kind.js';
import { type Problem, problem } from '../../pipeline/problem.js';
import { EvpipeError } from '../../support/errors.js';
import { bundleService } from '../../targets/service-build.js';
import { isAfterJob } from './lint/services.js';

/** Modules that can't be bundled: what is no JavaScript or TypeScript in them, and imports of files that are not there. */
export async function moduleFaults({ pipeline, cwd }: LintContext): Promise<readonly Problem[]> {
  const { folder, stateFolder: buildFolder, services } = pipeline;
  const found = services.map(async (service): Promise<readonly Problem[]> => {
    const { name, run, copyOf, locationOf } = service;
    // A file that is missing is named by the rules for services.
    if (run.kind !== 'module' || copyOf !== undefined || !existsSync(resolve(folder, run.module))) return [];
    if (isAfterJob(service, pipeline)) return [];
    try {
      await bundleService({ service: name, module: run.module, folder, buildFolder });
      return [];
    } catch (failure) {
      if (!(failure instanceof EvpipeError)) throw failure;
      const { location = locationOf('module'), message } = failure;
      return [problem('service-build', { ...location, file: displayPath(location.file, cwd) }, message)];
    }
  });
  return (await Promise.all(found)).flat();
}
