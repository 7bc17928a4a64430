import type { Released } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';
import { EvpipeError } from '../../support/errors.js';
import { release } from './release.js';

export interface DownResult extends Released {
  /** How many processes; absent where their supervisor did not answer. */
  readonly stopped?: number;
}

/**
 * Stops what evpipe has started for this pipeline; can be repeated. Servers with an address go on. With `volumes` its data goes
 * too, and what would do harm on those servers; where that fails everything is stopped, but the data stays, for another attempt.
 */
export async function down(session: Session, options: { readonly volumes: boolean }): Promise<DownResult> {
  // A supervisor that does not answer is ended by force, with all that it runs.
  const statuses = await session.target.status().catch((failure: unknown) => {
    if (failure instanceof EvpipeError && failure.code === 'EVPIPE_SUPERVISOR_SILENT') return undefined;
    throw failure;
  });
  const running = statuses?.filter(({ provider, state }) => provider !== 'address' && state !== 'stopped');
  let released: Released = { removed: [], left: [] };
  try {
    if (options.volumes) released = await release(session);
  } catch (failure) {
    await session.target.shutdown({ volumes: false });
    throw failure;
  }
  await session.target.shutdown(options);
  return { ...(running !== undefined && { stopped: running.length }), ...released };
}
