import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { forkServer } from './fork-server.js';

const ENTRY = fileURLToPath(new URL('../../dist/embedded/connect/process.js', import.meta.url));
const ANSWER_MS = 60_000;

export interface Part {
  readonly state: string;
  readonly worker_id: string;
  readonly trace?: string;
}

interface Status {
  readonly connector: Part;
  readonly tasks: readonly Part[];
}

/** A process with a Connect worker, which can be killed and started again at its address. */
export class ConnectWorker {
  private child: ChildProcess | undefined;

  constructor(
    readonly port: number,
    private readonly options: object,
  ) {}

  get id(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    const child = forkServer(ENTRY, { ...this.options, host: '127.0.0.1', port: this.port });
    this.child = child;
    await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
    });
    return this;
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async ask(method: string, path: string, body?: unknown) {
    const response = await fetch(`http://${this.id}${path}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  async status(connector: string): Promise<Status> {
    return (await this.ask('GET', `/connectors/${connector}/status`)).body as Status;
  }
}
