import { packageFile } from '../support/package.js';
import type { EmbeddedLaunch } from './component.js';

/**
 * For servers that make objects of every record. V8's space for new objects ends at 16 MB by default: records that are only on
 * their way are then copied by the garbage collector, which took a quarter of the engine's time. It grows only under load.
 */
export const MANY_NEW_OBJECTS: readonly string[] = ['--max-semi-space-size=32'];

interface EmbeddedProgramForm {
  /** `prepared`: it reports which program of the system to run. */
  readonly kind?: 'server' | 'prepared';
  readonly nodeFlags?: readonly string[];
}

/** One of evpipe's own servers, dist/embedded/FOLDER/process.js. */
export function embeddedProgram(
  folder: string,
  options: Readonly<Record<string, unknown>>,
  { kind = 'server', nodeFlags = [] }: EmbeddedProgramForm = {},
): EmbeddedLaunch {
  return { program: { kind, module: packageFile(`dist/embedded/${folder}/process.js`), options, nodeFlags } };
}
