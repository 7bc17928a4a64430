import { operationsOf, type Released } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';

/** What `release` would take, where this pipeline made it; asks no server. */
export async function releasable(session: Session): Promise<readonly string[]> {
  return (await operationsOf(session.kinds)).flatMap(({ operations }) => operations.releases?.(session) ?? []);
}

/**
 * Takes from servers with an address what would do harm there once this pipeline is gone, and says what stays because
 * others may read it. Repeatable. Throws what the servers say.
 */
export async function release(session: Session): Promise<Released> {
  const removed: string[] = [];
  const left: string[] = [];
  for (const { operations } of await operationsOf(session.kinds)) {
    const released = await operations.release?.(session);
    removed.push(...(released?.removed ?? []));
    left.push(...(released?.left ?? []));
  }
  return { removed, left };
}
