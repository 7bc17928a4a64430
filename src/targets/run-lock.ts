import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EvpipeError } from '../support/errors.js';
import { lockFile } from '../support/file-lock.js';
import { noteStateFormat } from './state-format.js';

/**
 * Only one run at a time may change a pipeline: locks its state folder and returns the release. Throws
 * EVPIPE_ALREADY_RUNNING while another run holds the lock.
 */
export function takeRunLock(stateFolder: string): () => void {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const lock = lockFile(join(stateFolder, 'run.lock'));
  if (lock === undefined) {
    throw new EvpipeError('EVPIPE_ALREADY_RUNNING', 'another evpipe is bringing this pipeline up or down right now', {
      todo: 'Wait until it is done, or stop it; `evpipe status` shows what runs.',
    });
  }
  noteStateFormat(stateFolder);
  return () => lock.release();
}
