import type { SourceLocation } from '../support/errors.js';
import { EvpipeError } from '../support/errors.js';

/** One difference between what is declared and what is there, with its reason and what it brings with it. */
export interface Change {
  /** What plan shows: "partitions 3 → 6", "new". */
  readonly summary: string;
  /** The setting that differs, and what it is here and there; absent where the thing as a whole is new. Never a secret. */
  readonly field?: FieldChange;
  /** What it implies: "restart of 1 task", "keys move to other partitions". */
  readonly implies?: string;
  /** It can't be taken back by applying the old file. */
  readonly irreversible?: true;
  /** Why evpipe will not do it; then nothing of the resource is applied. */
  readonly refused?: Refusal;
}

export interface FieldChange {
  readonly name: string;
  /** Absent: unset. */
  readonly before?: string;
  readonly after?: string;
}

export interface Refusal {
  readonly why: string;
  readonly todo: string;
  /** Where the place is not that of the resource. */
  readonly location?: SourceLocation | undefined;
  /** Default: EVPIPE_CHANGE_REFUSED. */
  readonly code?: EvpipeError['code'];
}

/** A setting that is declared otherwise than it is. */
export function fieldChange(
  name: string,
  before: string | undefined,
  after: string | undefined,
  more: Pick<Change, 'implies' | 'irreversible' | 'refused'> = {},
): Change {
  const field = { name, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
  return { summary: `${name} ${before ?? 'unset'} → ${after ?? 'unset'}`, field, ...more };
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
  /** What the server says against it before anything is changed; asked where there is a difference. */
  objections?(spec: Spec, live: Live | undefined, context: Context): Promise<readonly Change[]>;
  apply(spec: Spec, live: Live | undefined, context: Context): Promise<void>;
  /** In `up`, where it is as declared: starts again what has failed, since the cause may be gone. Returns what it did. */
  revive?(spec: Spec, context: Context): Promise<readonly Change[]>;
  ready?(spec: Spec, context: Context, wait: WaitReport): Promise<void>;
}

export interface WaitReport {
  waitingFor(what: string): void;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Whose a thing is on a server that others may use too. */
export interface Ownership {
  /** This pipeline has made it, or taken it over. */
  isOurs(): Promise<boolean>;
  /** Is what others have made to be taken over? */
  readonly adopts: boolean;
  /** Called before it is made or taken over. */
  note(): Promise<void>;
}

const MADE_BY_OTHERS: Change = {
  summary: 'ownership',
  refused: {
    code: 'EVPIPE_MADE_BY_OTHERS',
    why: 'exists, created by others',
    todo: 'Take it over with --adopt (it is then changed, and --prune and reset may remove it), or declare it as it is.',
  },
};

export const TAKEN_OVER: Change = {
  summary: 'taken over from others',
  implies: '--prune and reset may remove it',
};

/** What would be changed, with the objections of the server: all of it only observes. */
export async function compare<Spec, Live, Context>(
  kind: ResourceKind<Spec, Live, Context>,
  spec: Spec,
  context: Context,
  ownership?: Ownership,
): Promise<{ readonly live: Live | undefined; readonly changes: readonly Change[] }> {
  const live = await kind.read(spec, context);
  const differing = kind.diff(spec, live);
  if (differing.some(({ refused }) => refused !== undefined)) return { live, changes: differing };
  const ofOthers = live === undefined ? [] : await changesOfOthers(differing, ownership);
  const stands = differing.length === 0 || ofOthers.includes(MADE_BY_OTHERS);
  const objections = stands ? [] : ((await kind.objections?.(spec, live, context)) ?? []);
  return { live, changes: [...ofOthers, ...differing, ...objections] };
}

/** Nothing that is as declared has to be ours. */
async function changesOfOthers(
  differing: readonly Change[],
  ownership: Ownership | undefined,
): Promise<readonly Change[]> {
  if (ownership === undefined || (differing.length === 0 && !ownership.adopts)) return [];
  if (await ownership.isOurs()) return [];
  return [ownership.adopts ? TAKEN_OVER : MADE_BY_OTHERS];
}

/** Brings one resource to what is declared. Returns what was changed; [] where it was in sync. */
export async function reconcile<Spec, Live, Context>(
  kind: ResourceKind<Spec, Live, Context>,
  spec: Spec,
  context: Context,
  wait: WaitReport,
  ownership?: Ownership,
): Promise<readonly Change[]> {
  const { live, changes } = await compare(kind, spec, context, ownership);
  const refused = changes.filter((change) => change.refused !== undefined);
  if (refused.length > 0) throw refusalOf(`${kind.kind} ${kind.name(spec)}`, refused, kind.location(spec));
  const differs = changes.some((change) => change !== TAKEN_OVER);
  if (changes.includes(TAKEN_OVER) || (differs && live === undefined)) await ownership?.note();
  if (differs) await kind.apply(spec, live, context);
  const revived = differs ? [] : ((await kind.revive?.(spec, context)) ?? []);
  await kind.ready?.(spec, context, wait);
  return [...changes, ...revived];
}

export function refusalOf(what: string, changes: readonly Change[], place: SourceLocation | undefined): EvpipeError {
  const [first] = changes.flatMap(({ refused }) => refused ?? []);
  const location = first?.location ?? place;
  // With a code of its own, the reason says what it is about.
  const reasons = changes.map(({ summary, refused }) =>
    refused?.code === undefined ? `${summary}: ${refused?.why}` : refused.why,
  );
  return new EvpipeError(first?.code ?? 'EVPIPE_CHANGE_REFUSED', `${what}: ${reasons.join('\n')}`, {
    ...(first === undefined ? {} : { todo: first.todo }),
    ...(location === undefined ? {} : { location }),
  });
}
