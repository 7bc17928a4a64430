import { isRunning } from '../supervisor/children/process-identity.js';
import { readProcessesFile } from '../supervisor/state/state.js';
import type { TargetInput } from './target.js';

export { isPortFree } from '../supervisor/ports/ports.js';

/** The ports that the processes of a pipeline take where they are free, by the process's name. */
export function preferredPorts({ components }: TargetInput): ReadonlyMap<string, number> {
  return new Map(
    components.flatMap(({ embedded: { process, port } }) => (port === undefined ? [] : [[process, port] as const])),
  );
}

/** Processes that this pipeline has started and that are alive. */
export function listedProcesses(stateFolder: string): readonly number[] {
  return (readProcessesFile(stateFolder)?.processes ?? []).filter(isRunning).map(({ pid }) => pid);
}
