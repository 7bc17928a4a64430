import { type LeftToDo, operationsOf, type Removal } from '../../kinds/kind.js';
import { madeKey, readLedger } from '../../kinds/ledger/ledger.js';
import { type Change, TAKEN_OVER } from '../../kinds/resource.js';
import type { Session } from '../../kinds/session.js';
import { kafkaClient } from '../../kinds/topic/client.js';
import type { ForeseeOptions, Planned } from '../../kinds/walk.js';
import { EvpipeError, messageOf, type SourceLocation } from '../../support/errors.js';
import { type ComponentId, componentKey, server } from '../../targets/component.js';
import { upNodes } from '../up/nodes.js';

/** What `plan` found of one thing; things in sync are not listed. */
export interface PlanEntry {
  /** `start`: a server or service that does not run; `unread`: its server does not run, so it can't be compared. */
  readonly action: 'start' | 'create' | 'change' | 'remove' | 'unread';
  readonly kind: string;
  readonly name: string;
  readonly reason: string;
  readonly location?: SourceLocation;
  readonly changes: readonly Change[];
}

export interface Plan {
  readonly pipeline: string;
  readonly target: string;
  /** In the order in which `up` works. */
  readonly entries: readonly PlanEntry[];
  /** How many declared things were found as declared. */
  readonly inSync: number;
  /** What other commands do; it is no change, for `apply` leaves it. */
  readonly leftToDo: readonly LeftToDo[];
}

export interface PlanOptions {
  readonly prune: boolean;
  /** Tries out what can be, beside comparing. */
  readonly foresee?: ForeseeOptions;
}

/** Compares what is declared with what is there; leaves nothing changed or running. Throws what servers that run fail with. */
export async function readPlan(session: Session, options: PlanOptions): Promise<Plan> {
  const nodes = await upNodes(session, new Set(['services', 'streams']));
  const runs = await runningNow(session);
  // Of another cluster than the target means nothing is to be compared: this throws.
  if (runs.has(componentKey(server('kafka')))) await kafkaClient(session.clients);
  const stopped = ({ component }: Planned): string | undefined =>
    component === undefined || runs.has(componentKey(component)) ? undefined : componentKey(component);
  const compared = await Promise.all(
    nodes.flatMap(({ plans = [] }) => plans).map((planned) => entryOf(planned, stopped(planned), options.foresee)),
  );
  const entries = [
    ...(await stoppedProcesses(session)),
    ...compared.flatMap((entry) => entry ?? []),
    ...(options.prune ? (await removable(session)).map(({ entry }) => entry) : []),
  ];
  const inSync = compared.filter((entry) => entry === undefined).length;
  return {
    pipeline: session.pipeline.name,
    target: session.target.name,
    entries,
    inSync,
    leftToDo: await leftToDo(session),
  };
}

async function leftToDo(session: Session): Promise<readonly LeftToDo[]> {
  const kinds = await operationsOf(session.kinds);
  return (await Promise.all(kinds.map(({ operations }) => operations.leftToDo?.(session) ?? []))).flat();
}

/** Keys of the components that have an endpoint. */
async function runningNow({ target }: Session): Promise<ReadonlySet<string>> {
  const components = (await target.status()).flatMap((status) => status.components);
  const found = await Promise.all(
    components.map(async (one) => ((await target.endpoint(one)) === undefined ? [] : [one])),
  );
  return new Set(found.flat().map(componentKey));
}

async function stoppedProcesses({ target }: Session): Promise<readonly PlanEntry[]> {
  const stopped = (await target.status()).filter(
    ({ provider, state }) => provider !== 'address' && (state === 'stopped' || state === 'failed'),
  );
  return stopped.map(({ process, state }) => ({
    action: 'start',
    kind: 'process',
    name: process,
    reason: state === 'failed' ? 'it has failed' : 'it is not running',
    changes: [],
  }));
}

/** Undefined where it is in sync. */
async function entryOf(
  planned: Planned,
  stopped: string | undefined,
  options: ForeseeOptions | undefined,
): Promise<PlanEntry | undefined> {
  const { kind, name, location } = planned;
  const of = { kind, name, ...(location === undefined ? {} : { location }) };
  const unread = (reason: string, changes: readonly Change[] = []): PlanEntry => ({
    ...of,
    action: 'unread',
    reason,
    changes,
  });
  const foreseen = async (changes: readonly Change[] | 'not running'): Promise<readonly Change[]> => {
    if (options !== undefined && planned.foresee !== undefined) return planned.foresee(changes, options);
    return changes === 'not running' ? [] : changes;
  };
  if (stopped !== undefined) return unread(`${stopped} is not running`, await foreseen('not running'));
  try {
    const { isNew, changes: differing } = await planned.compare();
    if (differing.length === 0) return undefined;
    const isRefused = differing.some(({ refused }) => refused !== undefined);
    const changes = isRefused ? differing : await foreseen(differing);
    const asDeclared = changes.every((change) => change === TAKEN_OVER);
    const reason = isNew ? 'declared but missing' : `declared ${asDeclared ? 'as it is' : 'differently'}`;
    return { ...of, action: isNew ? 'create' : 'change', reason, changes };
  } catch (failure) {
    if (!(failure instanceof EvpipeError)) throw failure;
    if (failure.kind === 'unreachable') return unread(messageOf(failure));
    const refused = { why: failure.message, todo: failure.todo ?? 'Fix the problem, then plan again.' };
    return {
      ...of,
      action: 'change',
      reason: 'it can’t be compared',
      changes: [{ summary: 'the comparison', refused }],
    };
  }
}

export interface Removable {
  readonly removal: Removal;
  readonly entry: PlanEntry;
}

/** What this pipeline has made, by its ledger, and no longer declares; in the order in which it can be taken away. */
export async function removable(session: Session): Promise<readonly Removable[]> {
  const ledger = await readLedger(session);
  const removals = (await removalsOf(session)).filter(({ isWhole }) => isWhole !== true);
  const found: Removable[] = [];
  for (const removal of removals) {
    const prefix = madeKey(removal.kind, '');
    const made = ledger.keys(prefix).map((key) => key.slice(prefix.length));
    for (const name of made.filter((one) => !removal.declared.includes(one)).sort()) {
      if (!(await isThere(removal, name, session))) continue;
      found.push({ removal, entry: removalEntry(removal, name, 'created by this pipeline, no longer declared') });
    }
  }
  return found;
}

/** What reads and writes goes before what it reads and writes: the reverse of the order of the kinds. */
export async function removalsOf(session: Session): Promise<readonly Removal[]> {
  const kinds = await operationsOf(session.kinds);
  return [...kinds].reverse().flatMap(({ operations }) => operations.removals?.(session) ?? []);
}

export function removalEntry(removal: Removal, name: string, reason: string): PlanEntry {
  const change: Change = { summary: removal.implies, irreversible: true };
  return { action: 'remove', kind: removal.kind, name, reason, changes: [change] };
}

/** False too where its server does not run: nothing can be removed there now. */
export async function isThere(removal: Removal, name: string, { target }: Session): Promise<boolean> {
  return (await endpointOf(target, removal.component)) && removal.exists(name);
}

const endpointOf = async (target: Session['target'], component: ComponentId): Promise<boolean> =>
  (await target.endpoint(component)) !== undefined;

/** Why evpipe would refuse to carry the plan out. */
export const refusals = ({ entries }: Plan): readonly PlanEntry[] =>
  entries.filter(({ changes }) => changes.some(({ refused }) => refused !== undefined));
