import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ReadyMessage, readOptions } from '../../../support/child.js';
import { outputLog } from '../../../support/log.js';
import { removeDataDir } from '../../../support/outside-folder.js';
import { startPostgres } from '../server.js';

/**
 * A PostgreSQL that is gone, with its data, as soon as who has started it lets go of the IPC channel: by closing it, or by being
 * killed. It makes its folder itself, so that nothing is left of one that was killed before it had read its options.
 */
async function main(): Promise<void> {
  const { password } = await readOptions<{ readonly password: string }>();
  process.on('SIGINT', () => {}); // Ctrl-C is for the command, which lets go then
  const released = Promise.race([once(process, 'disconnect'), once(process, 'SIGTERM')]);
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-scratch-'));
  try {
    const { port, stop } = await startPostgres({ dataDir, password, log: outputLog });
    if (process.connected) {
      process.send?.({ type: 'ready', port } satisfies ReadyMessage);
      await released;
    }
    await stop();
  } finally {
    removeDataDir(dataDir);
  }
  process.exit(0);
}

void main();
