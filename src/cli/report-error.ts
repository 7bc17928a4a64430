import { codeOf, EvpipeError, messageOf } from '../support/errors.js';
import { EXIT, EXIT_OF_KIND } from './exit-codes.js';
import type { Shell } from './shell.js';

/**
 * The one place where a thrown error becomes text and exit code. A stack is shown only with --verbose, or for a
 * defect of evpipe itself as a request to report it.
 */
export function reportError(thrown: unknown, shell: Shell, options: { verbose: boolean; json: boolean }): number {
  const error = asEvpipeError(thrown);
  if (options.json) {
    shell.out(
      `${JSON.stringify({ kind: 'error', code: error.code, message: error.message, todo: error.todo, location: error.location })}\n`,
    );
  } else {
    const place =
      error.location === undefined ? '' : `${error.location.file}:${error.location.line}:${error.location.column}: `;
    shell.err(`evpipe: ${place}${error.message}\n`);
    if (error.todo !== undefined) shell.err(`  ${error.todo}\n`);
  }
  if (options.verbose) shell.err(`${stackOf(thrown)}\n`);
  else if (error.kind === 'defect')
    shell.err('  This is a bug in evpipe. Rerun with --verbose and report what it prints.\n');
  return EXIT_OF_KIND[error.kind] ?? EXIT.defect;
}

function asEvpipeError(thrown: unknown): EvpipeError {
  if (thrown instanceof EvpipeError) return thrown;
  const code = codeOf(thrown);
  if (code === 'ENOSPC') {
    return new EvpipeError('EVPIPE_DISK_FULL', `the disk is full: ${messageOf(thrown)}`, {
      cause: thrown,
      todo: 'Free some space, then rerun the command; it continues from where it stopped.',
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new EvpipeError('EVPIPE_NO_PERMISSION', messageOf(thrown), {
      cause: thrown,
      todo: 'evpipe keeps its state beside the pipeline file: give yourself the right to write there, or work on a copy of your own.',
    });
  }
  return new EvpipeError('EVPIPE_DEFECT', messageOf(thrown), { kind: 'defect', cause: thrown });
}

function stackOf(thrown: unknown): string {
  const parts: string[] = [];
  for (
    let one: unknown = thrown;
    one !== undefined && parts.length < 8;
    one = one instanceof Error ? one.cause : undefined
  ) {
    parts.push(one instanceof Error ? (one.stack ?? one.message) : String(one));
  }
  return parts.join('\ncaused by: ');
}
