import type { Session } from '../kinds/session.js';
import type { CommonOptions } from './command.js';
import { confirm } from './confirm.js';
import type { Shell } from './shell.js';

/**
 * Before data is removed: shows what is taken from servers by address, and asks. As `docker compose down --volumes`, it asks nothing about
 * data of servers that evpipe runs. Throws EVPIPE_NOT_CONFIRMED.
 */
export async function confirmRelease(session: Session, shell: Shell, options: CommonOptions): Promise<void> {
  const { releasable } = await import('../operations/run/release.js');
  const taken = await releasable(session);
  if (taken.length === 0) return;
  if (options.yes !== true) for (const one of taken) shell.err(`  removes  ${one}, if this pipeline made it\n`);
  await confirm(shell, options, 'Remove these from servers that evpipe does not run?');
}
