import { createHash } from 'node:crypto';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { silenceOf } from '../../support/liveness.js';
import { pause } from '../../support/retry.js';
import type { LogFile } from '../log/log-file.js';
import { holderOf } from '../ports/port-owner.js';
import type { LastExit, LaunchSpec, ProcessReport, ProcessState } from '../socket/launch.js';
import type { MemoryReader } from './process-identity.js';
import { type ChildContext, type Exit, lastLinesOf, RunningChild } from './running-child.js';

/** Pauses before the 1st, 2nd … restart in a row; the last one repeats. */
const BACKOFF_MS = [50, 250, 500, 1_000, 2_000, 4_000, 8_000, 10_000] as const;
/** Whoever has run this long begins with the shortest pause again. */
const STEADY_MS = 30_000;
/** After so many ends with code 0, each soon after its start, a service is one that does not stay. */
const ENDS_IN_A_ROW = 2;
/** A killed predecessor may hold a port, a lock or shared memory for a moment longer. */
const HELD_BY_PREDECESSOR = /still in use|EADDRINUSE|Address already in use/;
const FIRST_ATTEMPTS_MAX = 20;
const HOST = '127.0.0.1';

/**
 * One component's process through all its lives.
 *
 * stopped → starting → running → (it died) restarting → running …; a first start that fails ends in `failed`, because
 * the caller is told; a restart that fails is tried again for ever, ever more slowly. stop leads from any
 * state to stopped.
 */
export class ManagedProcess {
  private state: ProcessState = 'stopped';
  private child: RunningChild | undefined;
  private life = new AbortController();
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  private startedAtMs: number | undefined;
  private restarts = 0;
  private restartAtMs: number | undefined;
  private lastExit: LastExit | undefined;
  private logOffset = 0;
  /** With code 0, without a steady life between them. */
  private endsInARow = 0;
  /** Each child leads a session, by the number of its process. */
  private readonly ownSessions = new Set<number>();

  constructor(
    readonly spec: LaunchSpec,
    /** Chosen once; the same over all restarts, since others have been told it. */
    readonly port: number | undefined,
    private readonly log: LogFile,
    private readonly context: Omit<ChildContext, 'log'>,
  ) {}

  get hash(): string {
    return hashOf(this.spec);
  }

  get isUp(): boolean {
    return this.state === 'running';
  }

  /** It runs, or will again without being asked. */
  get isKept(): boolean {
    return this.state === 'running' || this.state === 'restarting' || this.state === 'starting';
  }

  /** Resolves when it is ready, the first time or again. Throws why it could not be started. */
  async start(): Promise<void> {
    if (this.stopping !== undefined) await this.stopping; // else it counts as starting from this moment on
    if (this.starting === undefined) {
      this.life = new AbortController();
      this.restarts = 0;
      this.endsInARow = 0;
      this.starting = this.firstStart(this.life.signal);
      this.starting.catch(() => {});
    }
    await this.starting;
    await this.untilUp(this.life.signal);
  }

  /** It runs, and does not answer its health question in this time. True at once, or after that time. */
  async isSilent(timeoutMs: number): Promise<boolean> {
    const { child, port } = this;
    const { protocol } = this.spec;
    if (child === undefined || port === undefined || protocol === undefined || !this.isUp) return false;
    const silence = await silenceOf({ protocol, host: HOST, port }, timeoutMs);
    return silence?.kind === 'silent' && this.child === child && this.isUp;
  }

  /** Ends a life that has become silent. Resolves once the next one is ready. */
  async revive(silentMs: number): Promise<void> {
    const { child } = this;
    if (child === undefined || !this.isUp) return;
    this.log.note(`it has not answered for ${Math.round(silentMs / 1000)} s: it was killed and is being restarted`);
    child.kill();
    await child.exited;
    await this.untilUp(this.life.signal);
  }

  async stop(): Promise<void> {
    this.stopping ??= this.end().finally(() => {
      this.stopping = undefined;
    });
    await this.stopping;
  }

  report(memory: MemoryReader): ProcessReport {
    const nowMs = performance.now();
    const { child, startedAtMs, lastExit, restartAtMs } = this;
    const bytes = child === undefined ? undefined : memory.bytesOf(child.pid);
    // Between two of such ends it runs, and does not do what a service is for.
    const ending =
      this.state === 'running' && this.endsInARow >= ENDS_IN_A_ROW && nowMs - (startedAtMs ?? 0) < STEADY_MS;
    const state = ending ? 'restarting' : this.state;
    const troubled = state === 'failed' || state === 'restarting';
    const lines = troubled ? lastLinesOf(this.log, this.logOffset, this.spec) : [];
    return {
      process: this.spec.process,
      state,
      restarts: this.restarts,
      lastLines: ending ? [...lines, 'it keeps exiting with code 0: a command that ends by itself is a job'] : lines,
      ...(child !== undefined && { pid: child.pid }),
      ...(this.port !== undefined && { port: this.port }),
      ...(this.spec.port !== undefined && { preferredPort: this.spec.port.preferred }),
      ...(this.state === 'running' && startedAtMs !== undefined && { uptimeMs: Math.round(nowMs - startedAtMs) }),
      ...(bytes !== undefined && { memoryBytes: bytes }),
      ...(restartAtMs !== undefined && { restartInMs: Math.max(0, Math.round(restartAtMs - nowMs)) }),
      ...(lastExit !== undefined && { lastExit }),
    };
  }

  private async firstStart(signal: AbortSignal): Promise<void> {
    this.state = 'starting';
    for (let attempt = 1; ; attempt++) {
      try {
        await this.attempt(signal);
        break;
      } catch (failure) {
        if (signal.aborted) throw stoppedError(this.spec.process);
        const held = HELD_BY_PREDECESSOR.test(messageOf(failure));
        const holder = held && this.port !== undefined ? holderOf(this.port, this.ownSessions) : undefined;
        if (held && holder === undefined && attempt < FIRST_ATTEMPTS_MAX) {
          await pause(100, signal);
          continue;
        }
        this.state = 'failed';
        this.starting = undefined;
        const reason = holder === undefined ? failure : portHeld(this.spec.process, holder);
        this.log.note(`it could not be started: ${messageOf(reason).split('\n')[0]}`);
        throw reason;
      }
    }
    void this.keepAlive(signal);
  }

  /** One life from spawn to ready. */
  private async attempt(signal: AbortSignal): Promise<void> {
    this.log.rotateWhenLarge();
    this.logOffset = this.log.size();
    const child = await RunningChild.spawn(this.spec, this.port, { ...this.context, log: this.log });
    this.child = child;
    this.ownSessions.add(child.pid);
    try {
      signal.throwIfAborted();
      await child.untilReady(signal);
    } catch (failure) {
      this.noteExit(await child.stop());
      throw failure;
    }
    this.state = 'running';
    this.startedAtMs = performance.now();
    this.restartAtMs = undefined;
    const where = this.port === undefined ? '' : `, port ${this.port}`;
    this.log.note(`it runs as process ${child.pid}${where}`);
  }

  /** From the first ready on: waits for its end, and starts it again, until it is stopped. */
  private async keepAlive(signal: AbortSignal): Promise<void> {
    for (let inARow = 0; ; inARow++) {
      if (this.child !== undefined && this.state === 'running') {
        const exit = await this.child.exited;
        this.noteExit(exit);
        if (signal.aborted) return;
        if (performance.now() - (this.startedAtMs ?? 0) > STEADY_MS) inARow = 0;
        this.endsInARow = exit.code !== 0 ? 0 : inARow === 0 ? 1 : this.endsInARow + 1;
        this.log.note(`it ended with ${exit.signal ?? `code ${exit.code}`}`);
      }
      const pauseMs = BACKOFF_MS[Math.min(inARow, BACKOFF_MS.length - 1)] ?? 0;
      this.state = 'restarting';
      this.restartAtMs = performance.now() + pauseMs;
      try {
        await pause(pauseMs, signal);
        this.restarts += 1;
        await this.attempt(signal);
      } catch (failure) {
        if (signal.aborted) return;
        this.log.note(`it could not be restarted: ${messageOf(failure).split('\n')[0]}`);
      }
    }
  }

  private noteExit(exit: Exit): void {
    this.child = undefined;
    this.lastExit = { ...exit, atMs: Date.now() };
  }

  /** Where it died after its first ready: until it is back. */
  private async untilUp(signal: AbortSignal): Promise<void> {
    const deadlineMs = performance.now() + this.spec.readyTimeoutMs;
    while (!this.isUp) {
      if (signal.aborted || this.state === 'stopped') throw stoppedError(this.spec.process);
      if (performance.now() > deadlineMs) {
        const lines = lastLinesOf(this.log, this.logOffset, this.spec).map((line) => `\n  ${line}`);
        throw new EvpipeError(
          'EVPIPE_PROCESS_RESTARTING',
          `${this.spec.process} keeps dying: ${this.restarts} restarts${lines.join('')}`,
          { todo: `See \`evpipe logs ${this.spec.process}\`.` },
        );
      }
      await pause(20);
    }
  }

  private async end(): Promise<void> {
    this.life.abort(stoppedError(this.spec.process));
    this.state = 'stopping';
    const { child, starting } = this;
    if (child !== undefined) this.noteExit(await child.stop());
    await starting?.catch(() => {}); // an attempt under way stops its own child
    this.starting = undefined;
    this.restartAtMs = undefined;
    this.state = 'stopped';
  }
}

const stoppedError = (name: string) => new EvpipeError('EVPIPE_PROCESS_STOPPED', `${name} was stopped`);

const portHeld = (name: string, holder: string) =>
  new EvpipeError('EVPIPE_PORT_TAKEN', `${name} could not be started: ${holder}`, {
    todo: `Free the port, or run \`evpipe up\`: it gives ${name} another port and tells whoever uses it.`,
  });

/** Equal specs are left alone; another one means a restart. How long it is waited for changes nothing in what runs. */
export function hashOf({ readyTimeoutMs: _, ...spec }: LaunchSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex');
}
