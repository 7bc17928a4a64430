import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { releaseLock, takeLock } from '../supervisor/lock.js';
import { EvpipeError } from '../support/errors.js';

/**
 * One run at a time may change a pipeline: takes the lock of its state folder, which a dead holder gives up by
 * itself. Answers with the release. Throws EVPIPE_ALREADY_RUNNING while another one holds it.
 */
export async function takeRunLock(stateFolder: string): Promise<() => void> {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const file = join(stateFolder, 'run.json');
  if (!(await takeLock(file))) {
    throw new EvpipeError('EVPIPE_ALREADY_RUNNING', 'another evpipe is bringing this pipeline up or down right now', {
      todo: 'Wait until it is done, or end it; evpipe status tells what runs.',
    });
  }
  return () => releaseLock(file);
}
