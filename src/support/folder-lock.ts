import { join } from 'node:path';
import { EvpipeError } from './errors.js';
import { lockFile, lockHolder } from './file-lock.js';

/** Two servers on one folder would destroy it. Returns the release. Throws EVPIPE_FOLDER_IN_USE. */
export function lockFolder(dataDir: string): () => void {
  const file = join(dataDir, 'broker.lock');
  const lock = lockFile(file);
  if (lock === undefined) {
    const holder = lockHolder(file);
    const by = holder === undefined ? 'another server' : `the server with pid ${holder}`;
    throw new EvpipeError('EVPIPE_FOLDER_IN_USE', `${dataDir} is used by ${by}`, {
      todo: 'Stop that server, or give this one another folder.',
    });
  }
  return () => lock.release();
}
