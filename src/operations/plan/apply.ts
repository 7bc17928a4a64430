import type { Released } from '../../kinds/kind.js';
import { madeKey } from '../../kinds/ledger/ledger.js';
import type { Session } from '../../kinds/session.js';
import { EvpipeError } from '../../support/errors.js';
import { exclusively } from '../run/exclusively.js';
import { bringUp, type UpResult } from '../up/up.js';
import { type Plan, type Removable, readPlan, refusals, removable } from './plan.js';

export interface ApplyOptions {
  readonly prune: boolean;
  /** What was agreed to: where it is no longer what would be done, nothing is done. */
  readonly agreed: Plan;
}

export interface ApplyResult extends Released {
  readonly up: UpResult;
}

/**
 * Does what the plan shows: first what is made and changed, as `up` does it, then what is removed. Can be repeated after a
 * crash at any point. Throws EVPIPE_PLAN_STALE, EVPIPE_PLAN_REFUSED (nothing is changed then), EVPIPE_ALREADY_RUNNING, EVPIPE_LOCKED.
 */
export async function apply(session: Session, { prune, agreed }: ApplyOptions): Promise<ApplyResult> {
  return exclusively(session, async () => {
    const now = await readPlan(session, { prune });
    refuseStale(agreed, now);
    refuseRefused(now);
    const result = await bringUp(session, { slices: new Set(['services', 'streams']), verify: false });
    if (result.failure !== undefined || !prune) return { up: result, removed: [], left: [] };
    return { up: result, ...(await removeAll(session, await removable(session))) };
  });
}

function refuseRefused(plan: Plan): void {
  const refused = refusals(plan).map(({ kind, name }) => `${kind} ${name}`);
  if (refused.length === 0) return;
  throw new EvpipeError(
    'EVPIPE_PLAN_REFUSED',
    `evpipe will not do this to ${refused.join(', ')}; nothing was changed`,
    {
      todo: '`evpipe plan` says why and what to do.',
    },
  );
}

/** Takes them away one by one; what is gone is forgotten at once, so that a run that dies continues with the rest. */
export async function removeAll(session: Session, things: readonly Removable[]): Promise<Released> {
  const removed: string[] = [];
  const left: string[] = [];
  if (things.length === 0) return { removed, left };
  const ledger = await session.ledger();
  for (const { removal, entry } of things) {
    const outcome = await removal.remove(entry.name);
    removed.push(...outcome.removed);
    left.push(...outcome.left);
    if (outcome.removed.length > 0) await ledger.forget(madeKey(removal.kind, entry.name));
  }
  return { removed, left };
}

/** Places in the file may have moved: what would be done may not. */
function refuseStale(agreed: Plan, now: Plan): void {
  const [before, after] = [agreed, now].map(tasksOf) as [ReadonlyMap<string, string>, ReadonlyMap<string, string>];
  const differing = [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => before.get(key) !== after.get(key),
  );
  if (differing.length === 0 && agreed.pipeline === now.pipeline && agreed.target === now.target) return;
  const what = differing.length === 0 ? 'it was made for another pipeline or target' : differing.join(', ');
  throw new EvpipeError('EVPIPE_PLAN_STALE', `the plan no longer holds: ${what}; nothing was changed`, {
    todo: 'Make a new plan: evpipe plan.',
  });
}

const tasksOf = ({ entries }: Plan): ReadonlyMap<string, string> =>
  new Map(
    entries.map(({ action, kind, name, changes }) => [
      `${kind} ${name}`,
      JSON.stringify([action, changes.map(({ summary, refused }) => [summary, refused?.why])]),
    ]),
  );
