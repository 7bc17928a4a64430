import type { Released, Removal } from '../../kinds/kind.js';
import { type LedgerView, madeKey, readLedger } from '../../kinds/ledger/ledger.js';
import { service } from '../../kinds/service/component.js';
import type { Session } from '../../kinds/session.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { EvpipeError } from '../../support/errors.js';
import { exclusively } from '../run/exclusively.js';
import { removeAll } from './apply.js';
import { isThere, type Removable, removalEntry, removalsOf } from './plan.js';

export interface ResetPlan {
  readonly things: readonly Removable[];
  /** Declared things that others have made, and so stay. */
  readonly left: readonly string[];
}

/**
 * What a reset would take away: declared things that this pipeline has made, all or one (`connector/orders`). Rows of
 * databases are no part of it. Throws EVPIPE_RESOURCE_UNKNOWN (kind usage), EVPIPE_NOT_RUNNING (kind unreachable).
 */
export async function readReset(session: Session, resource: string | undefined): Promise<ResetPlan> {
  const removals = await removalsOf(session);
  const wanted = removals.flatMap((removal) =>
    removal.declared.map((name) => ({ removal, name, id: `${removal.kind}/${name}` })),
  );
  if (resource !== undefined && !wanted.some(({ id }) => id === resource)) {
    const known = wanted.map(({ id }) => id);
    throw new EvpipeError('EVPIPE_RESOURCE_UNKNOWN', `there is no ${resource} to reset${didYouMean(resource, known)}`, {
      kind: 'usage',
      todo: `Name one of: ${known.join(', ')}`,
    });
  }
  const ledger = await readLedger(session);
  const things: Removable[] = [];
  const left: string[] = [];
  for (const { removal, name, id } of wanted.filter((one) => resource === undefined || one.id === resource)) {
    if (!(await isThere(removal, name, session))) continue;
    if (isOwned(removal, name, session, ledger))
      things.push({ removal, entry: removalEntry(removal, name, 'to be reset') });
    else left.push(`${id}, which others created`);
  }
  return { things, left };
}

/** All that is in a server of evpipe's own is this pipeline's. */
function isOwned({ kind, component }: Removal, name: string, { target }: Session, ledger: LedgerView): boolean {
  return target.providerOf(component) !== 'address' || ledger.get(madeKey(kind, name)) !== undefined;
}

/** Stops the services, which would go on reading and writing, and takes it all away; `evpipe apply` makes it again. */
export async function reset(session: Session, { things, left }: ResetPlan): Promise<Released> {
  return exclusively(session, async () => {
    if (things.length === 0) return { removed: [], left };
    const own = session.pipeline.services.filter(({ name }) => session.target.providerOf(service(name)) !== 'address');
    await Promise.all(own.map(({ name }) => session.target.stop(service(name))));
    const { removed, left: kept } = await removeAll(session, things);
    return { removed, left: [...left, ...kept] };
  });
}
