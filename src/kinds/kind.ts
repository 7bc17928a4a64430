import type { CheckReport } from '../consistency/report.js';
import type { FileKind } from '../pipeline/kind.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { Component, ComponentId } from '../targets/component.js';
import type { ComponentStatus } from '../targets/target.js';
import type { Diagnosis } from './diagnosis.js';
import type { Login, RefersToIt } from './login.js';
import type { Session } from './session.js';
import type { ComponentLine, Flow } from './status-report.js';
import type { Node } from './walk.js';

/**
 * All that evpipe knows of one kind of thing that a pipeline declares. A kind's kind.ts is cheap to load: `validate` and
 * `--help` load every one. What needs clients is in its operations.ts, which is loaded when a command works with servers.
 */
export interface Kind extends FileKind {
  /** The servers and services that it needs, by the names that users call them; the first name is the one shown. */
  components?(pipeline: Pipeline, taken: ReadonlySet<string>): readonly NamedComponent[];
  /** What its processes and containers are called where there is one server of each; `components` gets those of all kinds, and no service has such a name. */
  readonly servers?: readonly string[];
  /** Names of logs beside those of its components. */
  logNames?(pipeline: Pipeline): readonly string[];
  /** The environments of its programs, secrets among them, as far as the file says. */
  environments?(pipeline: Pipeline): readonly Readonly<Record<string, string>>[];
  /** The line of the screen that its work is shown in, and the command that does it without the rest. */
  readonly step?: string;
  readonly slice?: Slice;
  operations?(): Promise<KindOperations>;
}

export interface NamedComponent {
  readonly component: Component;
  readonly names: readonly string[];
  /** The pipeline does not ask for it itself: it has it only where another of its components needs it. */
  readonly onlyIfNeeded?: boolean;
}

/** The parts of `up` that are commands of their own; what a part needs is always taken along. */
export type Slice = 'services' | 'streams' | 'seed';

export interface KindOperations {
  /** Throws what servers with an address would refuse, before `up` makes anything; only observes. */
  refuse?(session: Session): Promise<void>;
  /** The work of `up`, one node for each thing declared. */
  nodes?(session: Session): readonly Node[];
  /** What its step's line shows when all is done; the parts of several kinds are joined by commas. */
  summary?(session: Session): Promise<readonly string[]>;
  /** The logins of what it starts to a database that these refer to. */
  logins?(pipeline: Pipeline, refers: RefersToIt): readonly Login[];
  /** What has to hold once all else is done; undefined where nothing is declared. */
  proof?(session: Session): Proof | undefined;
  /** What `status` draws of the data flow. */
  flows?(session: Session): Promise<readonly Flow[]>;
  /** Lines of `status` beside those of components. */
  lines?(session: Session): readonly ComponentLine[];
  /** Questions to servers that run or have an address. */
  probes?(session: Session): readonly Probe[];
  /** What can be said without asking a server. */
  findings?(session: Session, statuses: readonly ComponentStatus[]): readonly Diagnosis[];
  /** Pages for people, shown after `up`. */
  links?(session: Session): Promise<readonly Link[]>;
  /** What `release` would take, as far as this pipeline made it; by the file alone, so that servers may be gone. */
  releases?(session: Session): readonly string[];
  /** Takes what `down --volumes` should not leave on servers with an address. Repeatable. */
  release?(session: Session): Promise<Released>;
  /** Work that `apply` leaves to other commands, and how far it is; only observes. */
  leftToDo?(session: Session): Promise<readonly LeftToDo[]>;
  /** Things that `apply --prune` and `reset` may take away. */
  removals?(session: Session): readonly Removal[];
}

export interface LeftToDo {
  /** `seed`, as plan shows it. */
  readonly kind: string;
  readonly name: string;
  readonly state: 'done' | 'open' | 'unknown';
  /** "150 of 200 rows to create", "done". */
  readonly summary: string;
  readonly command: string;
}

/** How things of one sort are taken away that this pipeline has made. */
export interface Removal {
  /** As the ledger and the user call it: `topic`. */
  readonly kind: string;
  readonly component: ComponentId;
  readonly declared: readonly string[];
  /** It can't go in part, so that what is no longer declared of it stays; `reset` takes all of it away. */
  readonly isWhole?: boolean;
  /** What goes with it: "with all its records". */
  readonly implies: string;
  exists(name: string): Promise<boolean>;
  /** Repeatable. */
  remove(name: string): Promise<Released>;
}

export type Proof = (options: {
  readonly waitingFor: (what: string) => void;
  readonly deadlineMs: number | undefined;
}) => Promise<readonly CheckReport[]>;

export interface Link {
  readonly name: string;
  readonly url: string;
  readonly note: string;
}

/** One line or more of `doctor`, asked only where the component is there. */
export interface Probe {
  readonly about: string;
  readonly component: ComponentId;
  examine(): Promise<readonly Diagnosis[]>;
}

/** What was taken from servers that `down` does not stop, and what is left there; sentences without a full stop. */
export interface Released {
  readonly removed: readonly string[];
  readonly left: readonly string[];
}

/** The operations of all kinds that have any, in the order of the table. */
export async function operationsOf(
  kinds: readonly Kind[],
): Promise<ReadonlyArray<{ readonly kind: Kind; readonly operations: KindOperations }>> {
  const loaded = await Promise.all(kinds.map(async (kind) => ({ kind, operations: await kind.operations?.() })));
  return loaded.flatMap(({ kind, operations }) => (operations === undefined ? [] : [{ kind, operations }]));
}

/** Each resource asks what there is beside it, and finding out reads files: a pipeline never changes, so it is done once. */
const found = new WeakMap<
  Pipeline,
  { readonly kinds: readonly Kind[]; readonly components: readonly NamedComponent[] }
>();

export function componentsOf(pipeline: Pipeline, kinds: readonly Kind[]): readonly NamedComponent[] {
  const known = found.get(pipeline);
  if (known?.kinds === kinds) return known.components;
  const components = findComponents(pipeline, kinds);
  found.set(pipeline, { kinds, components });
  return components;
}

function findComponents(pipeline: Pipeline, kinds: readonly Kind[]): readonly NamedComponent[] {
  const servers = new Map(
    kinds.flatMap((kind) => (kind.servers === undefined ? [] : [[kind, kind.components?.(pipeline, new Set()) ?? []]])),
  );
  const taken = new Set([
    'supervisor',
    ...kinds.flatMap((kind) => kind.servers ?? []),
    ...[...servers.values()]
      .flat()
      .flatMap(({ component: { embedded, compose } }) => [
        embedded.process,
        ...(compose === undefined ? [] : [compose.container]),
      ]),
  ]);
  const all = kinds.flatMap((kind) => servers.get(kind) ?? kind.components?.(pipeline, taken) ?? []);
  const isNeeded = (kind: string): boolean =>
    all.some(({ component, onlyIfNeeded }) => !onlyIfNeeded && component.needs?.some((need) => need.kind === kind));
  return all.filter(({ component, onlyIfNeeded }) => !onlyIfNeeded || isNeeded(component.kind));
}
