import { messageOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import { pause } from '../../support/retry.js';
import { readProcessesFile, writeProcessesFile } from '../state/state.js';
import { identify, isRunning, type ProcessIdentity, signalGroup } from './process-identity.js';
import type { Watchdog } from './watchdog.js';

type Listed = ProcessIdentity & { readonly stopSignal: NodeJS.Signals };

/** The supervisor's children, told at once to the state folder (for the next `up`) and to the watchdog (for this one). */
export class ProcessList {
  private readonly listed = new Map<number, Listed>();

  constructor(
    private readonly stateFolder: string,
    private readonly watchdog: Watchdog,
    private readonly log: Log,
  ) {}

  add(pid: number, stopSignal: NodeJS.Signals): void {
    const identity = identify(pid);
    if (identity === undefined) return; // it has ended already
    this.listed.set(pid, { ...identity, stopSignal });
    this.publish();
  }

  remove(pid: number): void {
    if (this.listed.delete(pid)) this.publish();
  }

  private publish(): void {
    const processes = [...this.listed.values()];
    this.watchdog.watch(processes);
    try {
      writeProcessesFile(this.stateFolder, { version: 1, processes });
    } catch (failure) {
      // A full disk or a removed folder must not end what runs: the watchdog has the list.
      this.log.warn('the list of processes could not be written', { why: messageOf(failure) });
    }
  }
}

const ORDERLY_MS = 2_000;

/**
 * Ends what a killed supervisor left running. Only processes that began when the list says they did are touched: after
 * a reboot, or long enough, the same number is another process.
 */
export async function sweepProcesses(stateFolder: string): Promise<number> {
  const left = (readProcessesFile(stateFolder)?.processes ?? []).filter(isRunning);
  for (const { pid, stopSignal } of left) signalGroup(pid, stopSignal);
  const deadlineMs = performance.now() + ORDERLY_MS;
  while (left.some(isRunning) && performance.now() < deadlineMs) await pause(20);
  for (const process of left) if (isRunning(process)) signalGroup(process.pid, 'SIGKILL');
  while (left.some(isRunning)) await pause(10);
  if (left.length > 0) writeProcessesFile(stateFolder, { version: 1, processes: [] });
  return left.length;
}
