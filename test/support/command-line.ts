import { setMaxListeners } from 'node:events';
import { runCommandLine } from '../../src/cli/program.js';
import type { Shell } from '../../src/cli/shell.js';
import { outputFault } from './output-fault.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line in this process, as from a pipe: no terminal, no colour. */
export function runIn(cwd: string, env: NodeJS.ProcessEnv, ...argv: string[]): Promise<Ran> {
  return runUntil(new AbortController().signal, cwd, env, ...argv);
}

/** The signal is that of Ctrl-C. */
export async function runUntil(
  signal: AbortSignal,
  cwd: string,
  env: NodeJS.ProcessEnv,
  ...argv: string[]
): Promise<Ran> {
  setMaxListeners(0, signal); // as main.ts does
  let out = '';
  let err = '';
  const shell: Shell = {
    env,
    cwd,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    interactive: false,
    color: false,
    columns: undefined,
    signal,
    self: 'evpipe',
  };
  const code = await runCommandLine(argv, shell);
  const fault = outputFault(argv, out);
  if (fault !== undefined) throw new Error(fault);
  return { code, out, err };
}
