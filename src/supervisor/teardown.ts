import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeDataDir, removeForsakenFolders } from '../support/outside-folder.js';
import { pause } from '../support/retry.js';
import { isRunning } from './children/process-identity.js';
import { connectSupervisor, sweep } from './ensure.js';
import { readSupervisorFile, stateFile } from './state/state.js';

/** Longer than the slowest component may take to stop, three layers of them. */
const SHUTDOWN_TIMEOUT_MS = 45_000;

/** Ends supervisor and processes, by force where they don't end by themselves; also what a killed supervisor left. */
export async function endPipeline(stateFolder: string): Promise<void> {
  if (!existsSync(stateFolder)) return;
  const client = await connectSupervisor(stateFolder).catch(() => undefined);
  const ended = client?.shutdown().catch(() => {});
  const deadline = new AbortController();
  await Promise.race([ended, pause(SHUTDOWN_TIMEOUT_MS, deadline.signal).catch(() => {})]);
  deadline.abort();
  client?.close();
  const known = readSupervisorFile(stateFolder);
  if (known !== undefined && isRunning(known.supervisor)) {
    process.kill(known.supervisor.pid, 'SIGKILL');
    while (isRunning(known.supervisor)) await pause(10);
  }
  await sweep(stateFolder);
  if (known === undefined) return;
  rmSync(known.socketFolder ?? known.socket, { recursive: true, force: true });
  for (const file of [stateFile.supervisor, stateFile.processes, stateFile.lock])
    rmSync(file(stateFolder), { force: true });
}

/** All that this pipeline has on disk: data (wherever it is), passwords, logs, built services. Nothing may run any more. */
export function removeStateFolder(stateFolder: string): void {
  const data = join(stateFolder, 'data');
  if (existsSync(data)) for (const name of readdirSync(data)) removeDataDir(join(data, name));
  rmSync(stateFolder, { recursive: true, force: true });
  removeForsakenFolders(stateFolder);
  const parent = dirname(stateFolder);
  if (!existsSync(parent)) return;
  const others = readdirSync(parent).filter((name) => name !== '.gitignore');
  if (others.length > 0) return;
  rmSync(join(parent, '.gitignore'), { force: true });
  try {
    rmdirSync(parent);
  } catch {
    // Somebody mounted it, or has just put something there: it is empty of ours.
  }
}
