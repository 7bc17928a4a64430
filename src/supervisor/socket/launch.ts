import type { Protocol } from '../../support/liveness.js';

interface ServerModule {
  readonly module: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly nodeFlags?: readonly string[];
}

/** What the supervisor is asked to run, and what it says of it. Plain JSON: it crosses the socket. */

export interface LaunchSpec {
  /** Unique within the pipeline; names the log. */
  readonly process: string;
  readonly program: /** One of evpipe's own servers: a process.js that announces itself over IPC. `host` and `port` join its options. */
    | ({ readonly kind: 'server' } & ServerModule)
    /** A process.js that prepares, reports what to run (PreparedCommand) and exits. */
    | ({ readonly kind: 'prepared' } & ServerModule)
    /** Anything else; told PORT and HOST by its environment. `$(services.self.port)` in its texts is its port. */
    | {
        readonly kind: 'command';
        readonly command: readonly [string, ...string[]];
        readonly cwd: string;
        /** Written anew before each start, by absolute path. */
        readonly files?: Readonly<Record<string, string>>;
      };
  readonly env: Readonly<Record<string, string>>;
  /** Absent: it listens nowhere. */
  readonly port?: { readonly preferred: number };
  readonly ready: /** Over IPC, or by the text that the preparation named. */
    | { readonly kind: 'announced' }
    | HttpReady
    /** Its port takes connections. */
    | { readonly kind: 'tcp' }
    /** It has written a line that this regular expression is found in. */
    | { readonly kind: 'log'; readonly pattern: string }
    /** This command, run in its folder and environment, ends with 0. */
    | { readonly kind: 'command'; readonly command: readonly string[] }
    | { readonly kind: 'alive'; readonly forMs: number }
    | { readonly kind: 'spawned' };
  /** What it is asked on its port while it runs, to see that it lives. Absent: only its end is noticed. */
  readonly protocol?: Protocol;
  readonly readyTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Higher ones are stopped first. */
  readonly layer: number;
}

export interface HttpReady {
  readonly kind: 'http';
  readonly path: string;
  /** `Host` among them, where the service answers only to certain names. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Absent: any of 200 to 399. */
  readonly status?: number | undefined;
  /** What the body has to hold. */
  readonly body?: string | undefined;
}

export type ProcessState = 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped' | 'failed';

export interface LastExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly atMs: number;
}

export interface ProcessReport {
  readonly process: string;
  readonly state: ProcessState;
  readonly pid?: number;
  readonly port?: number;
  readonly preferredPort?: number;
  /** Since it was asked for. */
  readonly restarts: number;
  readonly uptimeMs?: number;
  readonly memoryBytes?: number;
  readonly restartInMs?: number;
  readonly lastExit?: LastExit;
  /** Where it failed or is restarting: the last lines it wrote, oldest first. */
  readonly lastLines: readonly string[];
}

export interface SupervisorReport {
  readonly pid: number;
  readonly version: string;
  readonly pipeline: string;
  readonly file: string;
  readonly uptimeMs: number;
  readonly memoryBytes?: number;
  readonly processes: readonly ProcessReport[];
}

/** `changed`: false where it ran already with the same spec. */
export interface StartAnswer {
  readonly port?: number;
  readonly preferredPort?: number;
  readonly changed: boolean;
  /** It ran, did not answer, and was started again. */
  readonly revived?: boolean;
}
