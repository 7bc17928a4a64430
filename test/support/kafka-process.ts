import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { forkServer } from './fork-server.js';

const ENTRY = fileURLToPath(new URL('../../dist/embedded/kafka/process.js', import.meta.url));

/** Of all threads of a process, to the nanosecond. */
export function cpuSecondsOf(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return ns / 1e9;
}

/** The embedded broker in a process of its own, to be watched from outside; Linux only. */
export class KafkaProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    /** Until it was ready. */
    readonly startMs: number,
  ) {}

  static async start(dataDir: string, port = 0): Promise<KafkaProcess> {
    const startedMs = performance.now();
    const child = forkServer(ENTRY, { dataDir, port });
    const ready = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => resolve((message as { port: number }).port));
      child.once('exit', (code) => reject(new Error(`the broker ended with ${code}`)));
    });
    return new KafkaProcess(child, ready, performance.now() - startedMs);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get memoryBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) * 1024;
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  get cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve();
    const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill(signal);
    return ended;
  }
}
