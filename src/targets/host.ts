import { isRunning } from '../supervisor/process-identity.js';
import { readProcessesFile } from '../supervisor/state.js';
import { EMBEDDED_SERVERS, POSTGRES, REDIS } from './embedded-servers.js';
import type { TargetInput } from './target.js';

export { isPortFree } from '../supervisor/ports.js';

/** The ports that the embedded servers of a pipeline take where they are free, by the process's name. */
export function standardPorts(input: TargetInput): ReadonlyMap<string, number> {
  const servers = input.servers.flatMap((kind) => EMBEDDED_SERVERS[kind] ?? []);
  const hasStore = (kind: 'documents' | 'cache') => input.stores.some((store) => store.kind === kind);
  const all = [
    ...(input.databases.length > 0 || hasStore('documents') ? [POSTGRES] : []),
    ...(hasStore('cache') ? [REDIS] : []),
    ...servers,
  ];
  return new Map(all.map(({ process, port }) => [process, port]));
}

/** Processes that this pipeline has started and that are alive. */
export function listedProcesses(stateFolder: string): readonly number[] {
  return (readProcessesFile(stateFolder)?.processes ?? []).filter(isRunning).map(({ pid }) => pid);
}
