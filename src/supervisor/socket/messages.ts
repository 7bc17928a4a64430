import type { LaunchSpec, StartAnswer, SupervisorReport } from './launch.js';

/** One JSON value a line in both directions; answers carry the request's id and come in any order. */
export interface Methods {
  /** The first question: a dying process still takes connections, but answers none. */
  hello: { params: null; result: Hello };
  start: { params: { readonly spec: LaunchSpec; readonly avoid: readonly number[] }; result: StartAnswer };
  /** What it was last started with. */
  spec: { params: { readonly process: string }; result: LaunchSpec | null };
  stop: { params: { readonly process: string }; result: null };
  restart: { params: { readonly process: string }; result: null };
  /** `memory`: looks at every process of the system for it. */
  report: { params: { readonly memory: boolean }; result: SupervisorReport };
  /** Answered when everything has ended; the supervisor ends right after. */
  shutdown: { params: null; result: null };
}

export interface Hello {
  readonly pid: number;
  readonly version: string;
}

export type Method = keyof Methods;

export interface Request<M extends Method = Method> {
  readonly id: number;
  readonly method: M;
  readonly params: Methods[M]['params'];
}

export interface WireError {
  readonly code: `EVPIPE_${string}`;
  readonly message: string;
  readonly kind: 'failed' | 'usage' | 'unreachable' | 'deadline' | 'interrupted' | 'defect';
  readonly todo?: string;
}

export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: WireError };

/** Longer than any spec: a longer message has lost its framing. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;

/** Cuts a byte stream into lines. Throws where one is longer than 8 MiB. */
export class LineCutter {
  private rest = '';

  push(text: string): string[] {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > LINE_BYTES_MAX) throw new Error('a line is too long');
    return lines.filter((line) => line !== '');
  }
}
