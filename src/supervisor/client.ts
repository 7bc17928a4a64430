import { connect, type Socket } from 'node:net';
import { EvpipeError } from '../support/errors.js';
import type { LaunchSpec, StartAnswer, SupervisorReport } from './launch.js';
import { LineCutter, type Method, type Methods, type Response } from './messages.js';

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

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      for (const line of this.lines.push(chunk)) this.settle(JSON.parse(line) as Response);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.gone = true;
      for (const { reject } of this.waiting.values()) reject(goneError());
      this.waiting.clear();
    });
  }

  /** Undefined: nobody listens there. */
  static connect(path: string): Promise<SupervisorClient | undefined> {
    return new Promise((resolve) => {
      const socket = connect(path);
      socket.once('error', () => resolve(undefined));
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        resolve(new SupervisorClient(socket));
      });
    });
  }

  /** Resolves once it is ready; what runs already with the same spec is left alone. */
  start(spec: LaunchSpec, avoid: readonly number[] = []): Promise<StartAnswer> {
    return this.ask('start', { spec, avoid });
  }

  async stop(process: string): Promise<void> {
    await this.ask('stop', { process });
  }

  async restart(process: string): Promise<void> {
    await this.ask('restart', { process });
  }

  report(): Promise<SupervisorReport> {
    return this.ask('report', null);
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

const goneError = () =>
  new EvpipeError('EVPIPE_SUPERVISOR_GONE', 'the process that runs this pipeline has ended in the middle of it', {
    kind: 'unreachable',
    todo: 'Run `evpipe up` again: it goes on from there.',
  });
