import { spawn } from 'node:child_process';
import { constants as system } from 'node:os';
import { EvpipeError } from '../support/errors.js';

/**
 * Runs a program on this terminal. Secrets go by the environment: arguments are for all to see. Ctrl-C is the program's;
 * answers with its exit code. Throws EVPIPE_PROGRAM where it can't be started.
 */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): Promise<number> {
  const listeners = process.listeners('SIGINT');
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  for (const listener of listeners) process.off('SIGINT', listener);
  try {
    const child = spawn(program, args, { stdio: 'inherit', ...options });
    return await new Promise((resolve, reject) => {
      child.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'ENOENT' ? 'there is no such program (or folder)' : cause.message;
        reject(new EvpipeError('EVPIPE_PROGRAM', `${program} can't be started: ${why}`, { kind: 'usage', cause }));
      });
      child.once('exit', (code, signal) => resolve(code ?? 128 + system.signals[signal ?? 'SIGTERM']));
    });
  } finally {
    for (const listener of listeners) process.on('SIGINT', listener);
    process.off('SIGINT', ignore);
  }
}
