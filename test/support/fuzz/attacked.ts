import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ReadyMessage } from '../../../src/support/child.js';
import { waitUntil } from '../../../src/support/retry.js';
import { defectIn } from './defect.js';

const TICKS_PER_SECOND = 100;
const LOG_CHARS_MAX = 100_000;

/** A server of ours in a process of its own, whose end, log, processor time and memory are watched. */
export class Attacked {
  private log = '';
  private ended: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    readonly name: string,
    readonly port: number,
  ) {}

  static async start(name: string, options: object): Promise<Attacked> {
    const entry = fileURLToPath(new URL(`../../../dist/embedded/${name}/process.js`, import.meta.url));
    const child = fork(entry, { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify({ host: '127.0.0.1', port: 0, ...options }));
    let log = '';
    const keep = (text: string): void => {
      log = (log + text).slice(-LOG_CHARS_MAX);
    };
    for (const output of [child.stdout, child.stderr]) output?.setEncoding('utf8').on('data', keep);
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => resolve((message as ReadyMessage).port));
      child.once('exit', (code, signal) => reject(new Error(`${name} ended with ${signal ?? code}:\n${log}`)));
    });
    const attacked = new Attacked(child, name, port);
    attacked.log = log;
    for (const output of [child.stdout, child.stderr])
      output?.removeAllListeners('data').on('data', (text: string) => {
        attacked.log = (attacked.log + text).slice(-LOG_CHARS_MAX);
      });
    child.once('exit', (code, signal) => {
      attacked.ended = `it ended with ${signal ?? code}`;
    });
    return attacked;
  }

  /** What it has done that it never may: ended, or said so in its log; forgets the log. */
  misdeed(): string | undefined {
    const { log } = this;
    this.log = '';
    if (this.ended !== undefined) return `${this.ended}:\n${log.slice(-1_500)}`;
    return defectIn(log);
  }

  get isAlive(): boolean {
    return this.ended === undefined;
  }

  /** Of its process, in ms. */
  cpuMs(): number {
    const fields = this.statistics('stat').split(') ')[1]?.split(' ') ?? [];
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
  }

  memoryMb(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(this.statistics('status'))?.[1] ?? 0) / 1_024;
  }

  async stop(): Promise<void> {
    if (this.isAlive) this.child.kill('SIGTERM');
    await waitUntil(`${this.name} to end`, async () => !this.isAlive || undefined, { timeoutMs: 30_000 }).finally(() =>
      this.child.kill('SIGKILL'),
    );
  }

  private statistics(file: string): string {
    try {
      return readFileSync(`/proc/${this.child.pid}/${file}`, 'utf8');
    } catch {
      return ''; // it has ended
    }
  }
}

export interface Exchange {
  readonly received: Buffer;
  /** Complete: what was waited for has come. Closed: the server ended the connection before. Silent: neither. */
  readonly end: 'complete' | 'closed' | 'silent';
}

/** Sends the bytes over a connection of their own and takes what comes until `isComplete`, the end, or the time is over. */
export function exchange(
  port: number,
  bytes: Buffer,
  options: { readonly waitMs: number; isComplete(received: Buffer): boolean },
): Promise<Exchange> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const settle = (end: Exchange['end']) => () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ received, end });
    };
    const timer = setTimeout(settle('silent'), options.waitMs);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (options.isComplete(received)) settle('complete')();
    });
    socket.on('error', () => {});
    socket.on('close', settle('closed'));
  });
}
