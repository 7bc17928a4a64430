import { spawn } from 'node:child_process';
import { packageFile } from '../support/package.js';

export interface StartOptions {
  /** A pipeline file, or the folder with evpipe.yaml in it. */
  readonly file: string;
  readonly profiles?: readonly string[];
  readonly target?: string;
  /** Default false: tests make their own data. */
  readonly seed?: boolean;
  /** Default false: run no checks. */
  readonly verify?: boolean;
  /** Default false: `stop` removes all data, so that the next run begins anew. */
  readonly keepData?: boolean;
  /** How long one thing may take to become ready: `90s`. */
  readonly timeout?: string;
}

export interface StartedPipeline {
  /** As `evpipe env` prints them: EVPIPE_KAFKA_BOOTSTRAP_SERVERS, EVPIPE_DATABASE_SHOP_URL, EVPIPE_SERVICE_WEB_URL … */
  readonly addresses: Readonly<Record<string, string>>;
  /** Brings it down; does nothing where it ran before. Repeatable. */
  stop(): Promise<void>;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Brings a pipeline up for tests, as `evpipe up` does, and says where all of it is. Throws what `up` said where it fails;
 * what it had started is brought down again then.
 */
export async function startPipeline(options: StartOptions): Promise<StartedPipeline> {
  const common = [
    ...['--file', options.file],
    ...(options.profiles ?? []).flatMap((profile) => ['--profile', profile]),
    ...(options.target === undefined ? [] : ['--target', options.target]),
  ];
  const ranBefore = await isRunning(common);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    if (ranBefore) return Promise.resolve();
    stopping ??= succeed('down', ...(options.keepData === true ? [] : ['--volumes']), '--yes', ...common).then(
      () => {},
    );
    return stopping;
  };
  const seed = [options.seed === true ? '--seed' : '--no-seed'];
  const verify = options.verify === true ? [] : ['--no-verify'];
  const timeout = options.timeout === undefined ? [] : ['--timeout', options.timeout];
  try {
    await succeed('up', ...seed, ...verify, ...timeout, ...common);
    const { stdout } = await succeed('env', '--output', 'json', ...common);
    return { addresses: JSON.parse(stdout) as Record<string, string>, stop };
  } catch (failure) {
    await stop();
    throw failure;
  }
}

/** What `status` ends with where nothing of the pipeline runs. */
const NOT_RUNNING = 4;

async function isRunning(common: readonly string[]): Promise<boolean> {
  const ended = await run(['status', '--output', 'json', ...common]);
  if (ended.code === NOT_RUNNING) return false;
  if (ended.code !== 0) throw failureOf('status', ended);
  return true;
}

async function succeed(...args: readonly string[]): Promise<Ended> {
  const ended = await run(args);
  if (ended.code === 0) return ended;
  throw failureOf(args[0] ?? '', ended);
}

const failureOf = (command: string, { code, stderr, stdout }: Ended): Error =>
  new Error(`evpipe ${command} ended with code ${code}:\n${stderr}${stdout}`);

/** A process of its own: the test runner keeps its signals, its memory and its modules. */
function run(args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1' };
  const child = spawn(process.execPath, [packageFile('bin/evpipe.js'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
