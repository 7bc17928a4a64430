import { packageFile } from '../support/package.js';
import type { EmbeddedLaunch } from './component.js';

/**
 * Servers that make objects of every record. V8's space for new objects ends at 16 MB by default: records that are only on
 * their way are then copied by the garbage collector, which took a quarter of the engine's time. It grows only under load.
 */
const PROCESSES_RECORDS: ReadonlySet<string> = new Set(['ksqldb', 'connect']);

export const nodeFlagsOf = (folder: string): readonly string[] =>
  PROCESSES_RECORDS.has(folder) ? ['--max-semi-space-size=32'] : [];

/** One of evpipe's own servers, dist/embedded/FOLDER/process.js; `prepared`: it reports which program of the system to run. */
export function embeddedProgram(
  folder: string,
  options: Readonly<Record<string, unknown>>,
  kind: 'server' | 'prepared' = 'server',
): EmbeddedLaunch {
  return {
    program: {
      kind,
      module: packageFile(`dist/embedded/${folder}/process.js`),
      options,
      nodeFlags: nodeFlagsOf(folder),
    },
  };
}
