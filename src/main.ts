import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import { EXIT } from './cli/exit-codes.js';
import { runCommandLine } from './cli/program.js';
import { createShell } from './cli/shell.js';
import { EvpipeError } from './support/errors.js';

const interruption = new AbortController();
// Every wait and every connection listens to it: many listeners are no leak here.
setMaxListeners(0, interruption.signal);
let interruptedCode: number = EXIT.interrupted;
const interrupt = (signal: NodeJS.Signals): void => {
  // The second Ctrl-C ends it at once, without an orderly end.
  if (interruption.signal.aborted) process.exit(interruptedCode);
  interruptedCode = 128 + constants.signals[signal];
  interruption.abort(new EvpipeError('EVPIPE_INTERRUPTED', 'interrupted', { kind: 'interrupted' }));
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
process.on('SIGHUP', interrupt);
// A reader that has seen enough (| head) ends the output, not the command with a stack trace.
process.stdout.on('error', (failure: NodeJS.ErrnoException) => process.exit(failure.code === 'EPIPE' ? 0 : 70));

async function main(argv: readonly string[]): Promise<void> {
  const exitCode = await runCommandLine(argv, createShell(interruption.signal, argv));
  // Pipes are written asynchronously: leave only when everything has been handed over.
  await new Promise((resolve) => process.stdout.write('', resolve));
  await new Promise((resolve) => process.stderr.write('', resolve));
  process.exit(exitCode === EXIT.interrupted ? interruptedCode : exitCode);
}

// Not awaited here: the bundle is a script.
void main(process.argv.slice(2));
