import { packageFile } from '../support/package.js';
import type { EmbeddedLaunch } from './component.js';

/** One of evpipe's own servers, dist/embedded/FOLDER/process.js; `prepared`: it reports which program of the system to run. */
export function embeddedProgram(
  folder: string,
  options: Readonly<Record<string, unknown>>,
  kind: 'server' | 'prepared' = 'server',
): EmbeddedLaunch {
  return { program: { kind, module: packageFile(`dist/embedded/${folder}/process.js`), options } };
}
