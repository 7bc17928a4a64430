import type { SourceLocation } from '../support/errors.js';
import { EvpipeError } from '../support/errors.js';

/** One difference between what is declared and what is there, with its reason and what it brings with it. */
export interface Change {
  /** What plan shows: "partitions 3 → 6", "new". */
  readonly summary: string;
  /** What it implies: "restart of 1 task", "keys move to other partitions". */
  readonly implies?: string;
  /** Why evpipe will not do it; then nothing of the resource is applied. */
  readonly refused?: { readonly why: string; readonly todo: string };
}

/**
 * A kind of declared thing, reconciled always in the same way: read (observes only), diff (pure; [] is in sync), apply (can be repeated after a crash at
 * any point), ready (waits until it truly works, saying for what).
 */
export interface ResourceKind<Spec, Live, Context> {
  readonly kind: string;
  name(spec: Spec): string;
  location(spec: Spec): SourceLocation | undefined;
  read(spec: Spec, context: Context): Promise<Live | undefined>;
  diff(spec: Spec, live: Live | undefined): readonly Change[];
  apply(spec: Spec, live: Live | undefined, context: Context): Promise<void>;
  ready?(spec: Spec, context: Context, wait: WaitReport): Promise<void>;
}

export interface WaitReport {
  waitingFor(what: string): void;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Brings one resource to what is declared. Answers with what was changed; [] where it was in sync. */
export async function reconcile<Spec, Live, Context>(
  kind: ResourceKind<Spec, Live, Context>,
  spec: Spec,
  context: Context,
  wait: WaitReport,
): Promise<readonly Change[]> {
  const live = await kind.read(spec, context);
  const changes = kind.diff(spec, live);
  const refused = changes.find((change) => change.refused !== undefined);
  if (refused?.refused !== undefined) {
    const location = kind.location(spec);
    throw new EvpipeError(
      'EVPIPE_CHANGE_REFUSED',
      `${kind.kind} ${kind.name(spec)}: ${refused.summary}: ${refused.refused.why}`,
      {
        todo: refused.refused.todo,
        ...(location === undefined ? {} : { location }),
      },
    );
  }
  if (changes.length > 0) await kind.apply(spec, live, context);
  await kind.ready?.(spec, context, wait);
  return changes;
}
