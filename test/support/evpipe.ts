import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outputFault } from './output-fault.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
export const EVPIPE = join(repository, 'bin', 'evpipe.js');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A private copy of one of the pipelines, with the built evpipe to run on it; `remove` leaves nothing behind. */
export interface Sandbox {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  run(...args: string[]): Promise<Ended>;
  start(...args: string[]): { readonly ended: Promise<Ended>; kill(signal: NodeJS.Signals): void; output(): string };
  /** `down --volumes` with these options, then the folder itself. */
  remove(...options: string[]): Promise<void>;
}

/** Copies pipelines/NAME (or an absolute folder) to a new folder of its own below the system's temporary one. */
export async function sandbox(pipeline: string): Promise<Sandbox> {
  const root = await mkdtemp(join(tmpdir(), 'evpipe-test-'));
  const folder = join(root, basename(pipeline));
  await cp(pipeline.startsWith('/') ? pipeline : join(repository, 'pipelines', pipeline), folder, {
    recursive: true,
    filter: (source) => !source.includes('/.evpipe'),
  });
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', CI: 'true' };
  delete env.EVPIPE_FILE;

  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [EVPIPE, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        const fault = signal === null ? outputFault(args, stdout) : undefined;
        if (fault === undefined) resolve({ code, signal, stdout, stderr });
        else reject(new Error(fault));
      });
    });
    return { ended, kill: (signal: NodeJS.Signals) => void child.kill(signal), output: () => stdout + stderr };
  };

  const run = (...args: string[]): Promise<Ended> => start(...args).ended;
  return {
    folder,
    env,
    start,
    run,
    remove: async (...options) => {
      const down = await run('down', '--volumes', '--yes', ...options);
      const left = existsSync(join(folder, '.evpipe'));
      await rm(root, { recursive: true, force: true });
      if (down.code !== 0) throw new Error(`down --volumes ended with ${down.code}:\n${down.stdout}${down.stderr}`);
      if (left) throw new Error(`down --volumes has left something:\n${down.stdout}${down.stderr}`);
    },
  };
}
