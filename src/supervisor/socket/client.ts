import { connect, type Socket } from 'node:net';
import { EvpipeError } from '../../support/errors.js';
import type { LaunchSpec, StartAnswer, SupervisorReport } from './launch.js';
import { type Hello, LineCutter, type Method, type Methods, type Response } from './messages.js';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (failure: Error) => void;
}

/** Talks to one supervisor over its socket. Every call rejects with EVPIPE_SUPERVISOR_GONE (kind unreachable) when it dies. */
export class SupervisorClient {
  private readonly waiting = new Map<number, Waiting>();
  private readonly lines = new LineCutter();
  private nextId = 1;
  private gone = false;
  private said: Hello = { pid: 0, version: '' };

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      for (const line of this.lines.push(chunk)) this.settle(JSON.parse(line) as Response);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.gone = true;
      for (const { reject } of this.waiting.values())
        reject(this.socket.errored instanceof EvpipeError ? this.socket.errored : goneError());
      this.waiting.clear();
    });
  }

  /** Undefined if nothing listens there. Throws EVPIPE_SUPERVISOR_SILENT if it listens but does not answer. */
  static async connect(path: string): Promise<SupervisorClient | undefined> {
    const socket = connect(path);
    const connected = new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (!(await connected)) return undefined;
    const client = new SupervisorClient(socket);
    const deadline = setTimeout(() => socket.destroy(silentError(path)), HELLO_TIMEOUT_MS);
    try {
      client.said = await client.ask('hello', null);
      return client;
    } catch (failure) {
      if (failure instanceof EvpipeError && failure.code === 'EVPIPE_SUPERVISOR_GONE') return undefined;
      throw failure;
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Its connection is over: the supervisor has ended, or was killed. */
  get isGone(): boolean {
    return this.gone;
  }

  get hello(): Hello {
    return this.said;
  }

  /** Resolves once it is ready; what runs already with the same spec is left alone. */
  start(spec: LaunchSpec, avoid: readonly number[] = []): Promise<StartAnswer> {
    return this.ask('start', { spec, avoid });
  }

  async specOf(process: string): Promise<LaunchSpec | undefined> {
    return (await this.ask('spec', { process })) ?? undefined;
  }

  async stop(process: string): Promise<void> {
    await this.ask('stop', { process });
  }

  async restart(process: string): Promise<void> {
    await this.ask('restart', { process });
  }

  report(options: { readonly memory: boolean } = { memory: false }): Promise<SupervisorReport> {
    return this.ask('report', options);
  }

  /** Resolves when every process has ended and the supervisor itself is gone. */
  async shutdown(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    await this.ask('shutdown', null);
    await closed;
  }

  close(): void {
    this.socket.destroy();
  }

  private ask<M extends Method>(method: M, params: Methods[M]['params']): Promise<Methods[M]['result']> {
    if (this.gone) return Promise.reject(goneError());
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.socket.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  private settle(response: Response): void {
    const waiting = this.waiting.get(response.id);
    this.waiting.delete(response.id);
    if (waiting === undefined) return;
    if ('result' in response) {
      waiting.resolve(response.result);
    } else {
      const { code, message, kind, todo } = response.error;
      waiting.reject(new EvpipeError(code, message, { kind, ...(todo !== undefined && { todo }) }));
    }
  }
}

const HELLO_TIMEOUT_MS = 4_000;

const silentError = (path: string) =>
  new EvpipeError(
    'EVPIPE_SUPERVISOR_SILENT',
    `the supervisor at ${path} did not answer within ${HELLO_TIMEOUT_MS / 1000} s`,
    {
      kind: 'deadline',
      todo: 'It may be stopped (SIGSTOP) or starved; `evpipe down` ends it by force.',
    },
  );

const goneError = () =>
  new EvpipeError('EVPIPE_SUPERVISOR_GONE', 'the supervisor of this pipeline ended during the request', {
    kind: 'unreachable',
    todo: 'Rerun `evpipe up`: it continues from there.',
  });
