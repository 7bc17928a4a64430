import type { SourceLocation } from '../support/errors.js';
import type { ComponentId } from '../targets/component.js';
import { madeKey } from './ledger/ledger.js';
import { ledgerNeeds } from './ledger/places.js';
import { type Change, compare, type Ownership, type ResourceKind, reconcile, type WaitReport } from './resource.js';
import { withTimeout } from './server-node.js';
import type { Session } from './session.js';
import type { Node, NodeReport } from './walk.js';

export interface ResourceNodeOptions<Spec, Live, Context> {
  readonly id: string;
  readonly step: string;
  readonly needs: readonly string[];
  readonly resource: ResourceKind<Spec, Live, Context>;
  readonly name: string;
  readonly location?: SourceLocation | undefined;
  /** Where the thing lives. */
  readonly component: ComponentId;
  /** Others may use the server too: that this pipeline made it is noted in the ledger, so that it may be changed and removed. */
  readonly noted?: boolean;
  /** The thing with its references resolved, and the clients that it is read with. Starts and changes nothing. */
  open(signal: AbortSignal): Promise<{ readonly spec: Spec; readonly context: Context }>;
  /** In `up`, before it is compared; answers whether it changed something. */
  prepare?(report: NodeReport): Promise<boolean>;
  /** After it was brought up to date. */
  settle?(spec: Spec, context: Context, changes: readonly Change[], wait: WaitReport): Promise<void>;
}

/** One declared thing as a node of `up`, which brings it up to date, and as a line of `plan`, which only compares it. */
export function resourceNode<Spec, Live, Context>(
  session: Session,
  options: ResourceNodeOptions<Spec, Live, Context>,
): Node {
  const { id, step, resource, name, location, component } = options;
  const key = madeKey(resource.kind, name);
  const isOthers = session.target.providerOf(component) === 'address';
  const ownership = (isNoted: () => Promise<boolean>): Ownership | undefined =>
    options.noted === true
      ? {
          isOurs: async () => !isOthers || (await isNoted()),
          adopts: session.adopts,
          note: () => noteMade(session, resource.kind, name),
        }
      : undefined;
  const needs = options.noted === true ? [...options.needs, ...ledgerNeeds(session)] : options.needs;
  return {
    id,
    step,
    needs: [...new Set(needs)],
    run: async (report) => {
      const prepared = (await options.prepare?.(report)) ?? false;
      const { spec, context } = await options.open(report.signal);
      const wait = withTimeout(session, report);
      const changes = await reconcile(
        resource,
        spec,
        context,
        wait,
        ownership(async () => (await session.ledger()).get(key) !== undefined),
      );
      await options.settle?.(spec, context, changes, wait);
      return { changed: prepared || changes.length > 0 };
    },
    plans: [
      {
        kind: resource.kind,
        name,
        component,
        location,
        compare: async () => {
          const { spec, context } = await options.open(session.signal);
          const { live, changes } = await compare(
            resource,
            spec,
            context,
            ownership(async () => (await session.noted()).get(key) !== undefined),
          );
          return { isNew: live === undefined, changes };
        },
      },
    ],
  };
}

/** Before it is made, so that a run that dies in between leaves nothing unaccounted for. */
export async function noteMade(session: Session, kind: string, name: string): Promise<void> {
  await (await session.ledger()).put(madeKey(kind, name), { made: true });
}
