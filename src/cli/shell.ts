import { packageManifest } from '../support/package.js';

/** How a command meets its caller: streams, terminal, colour, how evpipe was called, and the signal of Ctrl-C. */
export interface Shell {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Data, the thing that was asked for. */
  out(text: string): void;
  /** Narration: progress, warnings, errors. */
  err(text: string): void;
  /** True where a person looks at both streams: a terminal that is not CI's and not dumb. */
  readonly interactive: boolean;
  readonly color: boolean;
  /** Terminal width; undefined where there is no terminal. */
  readonly columns: number | undefined;
  /** Aborts with an `interrupted` EvpipeError on the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** What "next" lines begin with, so that they can be pasted: `npx evpipe` where npm or npx started this process. */
  readonly self: string;
}

export function createShell(signal: AbortSignal, argv: readonly string[]): Shell {
  const { env, stdout, stderr } = process;
  for (const stream of [stdout, stderr]) measure(stream);
  const interactive = stdout.isTTY === true && stderr.isTTY === true && env.CI === undefined && env.TERM !== 'dumb';
  const refused = argv.includes('--no-color') || (env.NO_COLOR ?? '') !== '';
  return {
    env,
    cwd: process.cwd(),
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    interactive,
    color: !refused && ((env.FORCE_COLOR ?? '0') !== '0' || interactive),
    columns: stdout.isTTY ? stdout.columns : undefined,
    signal,
    self: env.npm_lifecycle_event === 'npx' || env.npm_command === 'exec' ? 'npx evpipe' : 'evpipe',
  };
}

/** Serial lines and some CI systems have a terminal of 0 columns: it is taken for one of 80 × 24 until it says its size. */
function measure(stream: NodeJS.WriteStream): void {
  if (!stream.isTTY) return;
  stream.columns ||= 80;
  stream.rows ||= 24;
}

export function packageVersion(): string {
  return packageManifest().version;
}
