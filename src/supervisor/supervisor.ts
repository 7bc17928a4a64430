import { mkdirSync } from 'node:fs';
import { EvpipeError } from '../support/errors.js';
import { hashOf, ManagedProcess } from './children/managed-process.js';
import { readMemory, UNREAD_MEMORY } from './children/process-identity.js';
import type { ProcessList } from './children/process-list.js';
import { LogFile } from './log/log-file.js';
import { choosePort, isPortFree } from './ports/ports.js';
import type { LaunchSpec, StartAnswer, SupervisorReport } from './socket/launch.js';
import { portsOfOthers } from './state/hint.js';
import { readPortsFile, stateFile, writePortsFile } from './state/state.js';

export interface SupervisorOptions {
  /** Absolute: `.evpipe/<pipeline>`. */
  readonly stateFolder: string;
  readonly pipeline: string;
  readonly file: string;
  readonly version: string;
  /** Where this user's running pipelines are told. */
  readonly hintFolder: string;
}

const ROTATE_EVERY_MS = 5_000;
/** Between two health questions to the same process. */
const ASK_EVERY_MS = 2_000;
/** Long enough for a busy machine, and for a process that is stopped on purpose for some seconds. */
const SILENT_MS = 8_000;
/** For a process that a caller wants up now. */
const SILENT_AT_START_MS = 4_000;
/** A port can be taken between the look and the listening; another one is tried this many times. */
const PORT_ATTEMPTS_MAX = 3;

/** Runs the processes of one pipeline; knows their names, ports and layers, and nothing of pipelines. */
export class Supervisor {
  private readonly processes = new Map<string, ManagedProcess>();
  private readonly startedAtMs = performance.now();
  private readonly rotation: NodeJS.Timeout;
  private readonly health: NodeJS.Timeout;
  private examining = false;
  /** Ports are chosen one at a time, so that no two get the same. */
  private creating: Promise<unknown> = Promise.resolve();
  private closing = false;

  constructor(
    private readonly options: SupervisorOptions,
    private readonly list: ProcessList,
    /** What every child gets. */
    private readonly childEnv: Readonly<Record<string, string>>,
  ) {
    mkdirSync(stateFile.logs(options.stateFolder), { recursive: true, mode: 0o700 });
    this.rotation = setInterval(() => {
      for (const name of this.processes.keys()) this.logOf(name).rotateWhenLarge();
    }, ROTATE_EVERY_MS);
    this.health = setInterval(() => void this.examine(), ASK_EVERY_MS);
  }

  /** Idempotent: the same spec is left alone while it runs; another one replaces it. `avoid`: ports that others prefer. */
  async start(spec: LaunchSpec, avoid: readonly number[]): Promise<StartAnswer> {
    let taken: number | undefined;
    for (let attempt = 1; ; attempt++) {
      const { managed, changed } = await this.create(spec, avoid, taken);
      const { port } = managed;
      try {
        await managed.start();
        const revived = !changed && (await this.revive(managed));
        return {
          changed: changed || revived,
          ...(revived && { revived }),
          ...(port !== undefined && { port }),
          ...(spec.port !== undefined && { preferredPort: spec.port.preferred }),
        };
      } catch (failure) {
        if (port === undefined || attempt === PORT_ATTEMPTS_MAX || this.closing || (await isPortFree(port)))
          throw failure;
        taken = port;
      }
    }
  }

  specOf(name: string): LaunchSpec | undefined {
    return this.processes.get(name)?.spec;
  }

  async stop(name: string): Promise<void> {
    await this.named(name).stop();
  }

  async restart(name: string): Promise<void> {
    const managed = this.named(name);
    await managed.stop();
    await managed.start();
  }

  report(withMemory: boolean): SupervisorReport {
    const memory = withMemory ? readMemory() : UNREAD_MEMORY;
    const bytes = memory.ownBytesOf(process.pid);
    return {
      pid: process.pid,
      version: this.options.version,
      pipeline: this.options.pipeline,
      file: this.options.file,
      uptimeMs: Math.round(performance.now() - this.startedAtMs),
      ...(bytes !== undefined && { memoryBytes: bytes }),
      processes: [...this.processes.values()].map((managed) => managed.report(memory)),
    };
  }

  /** Stops everything, the highest layer first. */
  async shutdown(): Promise<void> {
    this.closing = true;
    clearInterval(this.rotation);
    clearInterval(this.health);
    await this.creating.catch(() => {});
    const all = [...this.processes.values()];
    for (const layer of [...new Set(all.map((managed) => managed.spec.layer))].sort((a, b) => b - a)) {
      await Promise.all(all.filter((managed) => managed.spec.layer === layer).map((managed) => managed.stop()));
    }
  }

  /**
   * Asks every process whether it lives. Of those that are silent only the lowest layer is restarted: what depends on it may
   * be waiting for it.
   */
  private async examine(): Promise<void> {
    if (this.examining || this.closing) return;
    this.examining = true;
    try {
      const all = [...this.processes.values()];
      const silent = await Promise.all(all.map((managed) => managed.isSilent(SILENT_MS)));
      const found = all.filter((_, index) => silent[index]);
      const lowest = Math.min(...found.map(({ spec }) => spec.layer));
      if (this.closing) return;
      await Promise.all(
        found.filter(({ spec }) => spec.layer === lowest).map((managed) => managed.revive(SILENT_MS).catch(() => {})), // its log says why; it is tried again
      );
    } finally {
      this.examining = false;
    }
  }

  /** True where it ran and did not answer, and was started again. */
  private async revive(managed: ManagedProcess): Promise<boolean> {
    if (!(await managed.isSilent(SILENT_AT_START_MS))) return false;
    await managed.revive(SILENT_AT_START_MS);
    return true;
  }

  private create(
    spec: LaunchSpec,
    avoid: readonly number[],
    taken: number | undefined,
  ): Promise<{ managed: ManagedProcess; changed: boolean }> {
    const created = this.creating.then(async () => {
      if (this.closing) throw new EvpipeError('EVPIPE_SHUTTING_DOWN', 'the pipeline is being stopped');
      const known = this.processes.get(spec.process);
      // Whoever asked at the same time may have moved it to another port already.
      const isStillThere = taken !== undefined && known?.port === taken;
      if (known !== undefined && known.hash === hashOf(spec) && !isStillThere) {
        return { managed: known, changed: !known.isKept };
      }
      await known?.stop();
      const port = spec.port === undefined ? undefined : await this.choosePort(spec, spec.port.preferred, avoid, taken);
      const managed = new ManagedProcess(spec, port, this.logOf(spec.process), {
        env: this.childEnv,
        onSpawned: (pid, stopSignal) => this.list.add(pid, stopSignal),
        onGone: (pid) => this.list.remove(pid),
      });
      this.processes.set(spec.process, managed);
      return { managed, changed: true };
    });
    this.creating = created.catch(() => {});
    return created;
  }

  private async choosePort(
    spec: LaunchSpec,
    preferred: number,
    avoid: readonly number[],
    taken: number | undefined,
  ): Promise<number> {
    const remembered = readPortsFile(this.options.stateFolder)?.ports ?? {};
    const others = [...this.processes.values()].filter((other) => other.spec.process !== spec.process);
    const avoided = new Set([...avoid, ...others.map((other) => other.port), ...(taken === undefined ? [] : [taken])]);
    const before = remembered[spec.process];
    const port = await choosePort(
      preferred,
      before,
      new Set([...avoided].filter((port) => port !== undefined)),
      portsOfOthers(this.options.hintFolder, this.options.stateFolder),
    );
    if (port !== before) {
      writePortsFile(this.options.stateFolder, { version: 1, ports: { ...remembered, [spec.process]: port } });
    }
    return port;
  }

  private logOf(name: string): LogFile {
    return new LogFile(stateFile.log(this.options.stateFolder, name));
  }

  private named(name: string): ManagedProcess {
    const managed = this.processes.get(name);
    if (managed !== undefined) return managed;
    const known = [...this.processes.keys()].join(', ') || 'nothing';
    throw new EvpipeError('EVPIPE_PROCESS_UNKNOWN', `${name} has not been started here; there is ${known}`, {
      kind: 'usage',
      todo: 'Run `evpipe up` first.',
    });
  }
}
