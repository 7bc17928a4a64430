import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Environment } from '../../support/environment.js';
import { EvpipeError } from '../../support/errors.js';
import { engineError } from './engine-errors.js';

/** What a command may print before it is cut; an inspection of some tens of containers is far below. */
const OUTPUT_MAX_CHARACTERS = 16 * 1024 ** 2;
/** An engine that has not answered a question by then hangs. Builds and pulls have no such limit. */
const ANSWER_TIMEOUT_MS = 30_000;
const ENGINE_LEAST = [20, 10] as const;
/** The first that knows `dockerfile_inline`. */
const COMPOSE_LEAST = [2, 17] as const;

export interface Facts {
  readonly program: string;
  readonly version: string;
  readonly composeVersion: string;
  readonly memoryBytes: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Absent: as long as it takes. */
  readonly timeoutMs?: number;
}

/** The command line of Docker, or of Podman where there is no Docker. */
export class Engine {
  constructor(
    readonly program: string,
    private readonly env: Environment,
  ) {}

  /** What it prints. Throws what it says instead, as one of the engine's errors (engine-errors.ts). */
  async run(args: readonly string[], { signal, timeoutMs }: RunOptions = {}): Promise<string> {
    const deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const ending = AbortSignal.any([signal, deadline].filter((one) => one !== undefined));
    const child = this.spawn(args, ending);
    let [out, err] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out = (out + text).slice(-OUTPUT_MAX_CHARACTERS);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      err = (err + text).slice(-OUTPUT_MAX_CHARACTERS);
    });
    try {
      const [code] = (await once(child, 'close')) as [number | null];
      if (code === 0) return out;
    } catch (failure) {
      signal?.throwIfAborted();
      if (deadline?.aborted !== true) throw failure;
      throw new EvpipeError(
        'EVPIPE_DOCKER_SILENT',
        `${this.program} ${args[0]} did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`,
        {
          kind: 'unreachable',
          todo: `See whether \`${this.program} ps\` answers, and restart the engine if it does not.`,
        },
      );
    }
    throw engineError(this.program, err.trim() || out.trim());
  }

  /** A question that is answered at once. */
  ask(args: readonly string[], signal?: AbortSignal): Promise<string> {
    return this.run(args, { signal, timeoutMs: ANSWER_TIMEOUT_MS });
  }

  /** Its lines as they come, until it ends or the signal ends it. */
  async *lines(args: readonly string[], signal: AbortSignal | undefined): AsyncGenerator<string> {
    const child = this.spawn(args, signal);
    child.on('error', () => {}); // the end of its output is the end of the lines
    child.stderr?.resume();
    const { createInterface } = await import('node:readline');
    if (child.stdout !== null) yield* createInterface({ input: child.stdout });
  }

  /** Throws where the engine does not run or is too old for these projects. */
  async facts(signal?: AbortSignal): Promise<Facts> {
    const version = (await this.ask(['version', '--format', '{{.Server.Version}}'], signal)).trim();
    if (this.program === 'docker') requireVersion('Docker', version, ENGINE_LEAST);
    const composeVersion = (await this.ask(['compose', 'version', '--short'], signal)).trim();
    requireVersion('Docker Compose', composeVersion, COMPOSE_LEAST);
    const memory = this.program === 'docker' ? '{{.MemTotal}}' : '{{.Host.MemTotal}}';
    const memoryBytes = Number(await this.ask(['info', '--format', memory], signal));
    return { program: this.program, version, composeVersion, memoryBytes };
  }

  private spawn(args: readonly string[], signal: AbortSignal | undefined): ChildProcess {
    return spawn(this.program, args, {
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** Throws EVPIPE_DOCKER_MISSING where neither Docker nor Podman is on PATH. */
export function findEngine(env: Environment): Engine {
  const found = ['docker', 'podman'].find((program) => isOnPath(program, env.PATH));
  if (found !== undefined) return new Engine(found, env);
  throw new EvpipeError('EVPIPE_DOCKER_MISSING', 'there is no docker on PATH, and no podman', {
    kind: 'unreachable',
    todo: 'Install Docker Engine with the Compose plugin, or use `--target embedded`, which needs neither.',
  });
}

function isOnPath(program: string, path: string | undefined): boolean {
  return (path ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

function requireVersion(what: string, version: string, [major, minor]: readonly [number, number]): void {
  const [foundMajor = 0, foundMinor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (foundMajor > major || (foundMajor === major && foundMinor >= minor)) return;
  throw new EvpipeError('EVPIPE_DOCKER_TOO_OLD', `${what} is ${version}; at least ${major}.${minor} is needed`, {
    kind: 'unreachable',
    todo: `Update ${what}.`,
  });
}

/** Throws EVPIPE_DOCKER_MEMORY where the containers can't all get what they need at least. */
export function requireMemory({ memoryBytes }: Facts, reservedBytes: number): void {
  if (memoryBytes >= reservedBytes) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`;
  throw new EvpipeError(
    'EVPIPE_DOCKER_MEMORY',
    `the containers need ${gigabytes(reservedBytes)} of memory; the engine has ${gigabytes(memoryBytes)}`,
    {
      kind: 'unreachable',
      todo: 'Give the engine more memory, or use `--target embedded`, which needs a fraction of it.',
    },
  );
}
