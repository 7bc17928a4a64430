import { EvpipeError } from '../support/errors.js';
import type { CommonOptions } from './command.js';
import type { Shell } from './shell.js';

/**
 * Returns only where the user agrees: by --yes, or by an answer at a terminal. Throws EVPIPE_NOT_CONFIRMED (kind usage) where
 * there is no one to ask, or the answer is no.
 */
export async function confirm(shell: Shell, { yes }: Pick<CommonOptions, 'yes'>, question: string): Promise<void> {
  if (yes === true) return;
  if (!shell.interactive || !process.stdin.isTTY) {
    throw new EvpipeError('EVPIPE_NOT_CONFIRMED', `no terminal to ask on: ${question}`, {
      kind: 'usage',
      todo: 'Confirm with --yes.',
    });
  }
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: shell.signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new EvpipeError('EVPIPE_NOT_CONFIRMED', 'nothing was changed', { kind: 'usage' });
}
