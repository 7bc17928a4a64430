import type { CheckReport } from '../../consistency/report.js';
import { componentsOf, operationsOf, type Slice } from '../../kinds/kind.js';
import { lastLinesOf } from '../../kinds/service/last-words.js';
import type { Session } from '../../kinds/session.js';
import { type Node, type Unfinished, walk } from '../../kinds/walk.js';
import { recordPipeline } from '../../pipeline/load.js';
import { shortageOfRoom } from '../../support/disk-room.js';
import { exclusively } from '../run/exclusively.js';
import { upNodes } from './nodes.js';

export interface UpOptions {
  readonly slices: ReadonlySet<Slice>;
  /** Seed also where servers have an address: without being asked, evpipe makes up no rows in production. */
  readonly seedsAddressed?: boolean;
  /** Run the checks at the end. */
  readonly verify: boolean;
  readonly deadlineMs?: number | undefined;
}

export interface UpResult {
  /** Something was created, changed or started. */
  readonly changed: boolean;
  readonly elapsedMs: number;
  readonly reports: readonly CheckReport[];
  readonly failure: { readonly step: string; readonly cause: unknown } | undefined;
  /** Rows were to be seeded: then a check that compared none has proven nothing. */
  readonly seeded: boolean;
}

/**
 * Brings the pipeline up to what is declared and proves it. Can be repeated: what is there is left alone, what was interrupted continues.
 * A failed step is in the result; throws on wrong usage, an aborted signal, EVPIPE_ALREADY_RUNNING and EVPIPE_LOCKED.
 */
export async function up(session: Session, options: UpOptions): Promise<UpResult> {
  for (const { operations } of await operationsOf(session.kinds)) await operations.refuse?.(session);
  return exclusively(session, () => bringUp(session, options));
}

/** The same for a caller that holds the run's lock. */
export async function bringUp(session: Session, options: UpOptions): Promise<UpResult> {
  const startedMs = performance.now();
  const { pipeline, emit, signal } = session;
  recordPipeline(pipeline);
  const reports: CheckReport[] = [];
  const { slices, unseeded } = allowedSlices(session, options);
  const work = await upNodes(session, slices);
  const nodes = options.verify ? [...work, ...(await proofNodes(work, session, options, reports))] : work;
  const order = new Set([...session.kinds.flatMap(({ step }) => step ?? []), ...nodes.map(({ step }) => step)]);
  const steps = [...order].filter((step) => nodes.some((node) => node.step === step));
  const checks = pipeline.checks.map(({ name }) => name);
  emit({ kind: 'operation', operation: 'up', pipeline: pipeline.name, target: session.target.name, steps, checks });
  if (unseeded !== undefined) emit({ kind: 'note', level: 'info', message: unseeded });
  const { changed, failure, unfinished } = await walk(nodes, { emit, signal });
  for (const one of unfinished) emit({ kind: 'note', level: 'warning', message: await stillWaiting(session, one) });
  const message = shortageOfRoom(pipeline.stateFolder);
  if (message !== undefined) emit({ kind: 'note', level: 'warning', message });
  const seeded = pipeline.seeds.length > 0 && slices.has('seed');
  return { changed, failure, reports, seeded, elapsedMs: performance.now() - startedMs };
}

/** Without the seeds where a server has an address and they were not asked for, and why. */
function allowedSlices(
  { pipeline, kinds, target }: Session,
  { slices, seedsAddressed }: UpOptions,
): { readonly slices: ReadonlySet<Slice>; readonly unseeded?: string } {
  if (seedsAddressed === true || !slices.has('seed') || pipeline.seeds.length === 0) return { slices };
  const addressed = componentsOf(pipeline, kinds)
    .filter(({ component }) => target.providerOf(component) === 'address')
    .flatMap(({ names }) => names[0] ?? []);
  if (addressed.length === 0) return { slices };
  return {
    slices: new Set([...slices].filter((slice) => slice !== 'seed')),
    unseeded: `no seed data is created, since not all servers are evpipe's own (${addressed.join(', ')}): --seed creates it`,
  };
}

/** What the reader would otherwise meet one after the other, with the last line that a service wrote. */
async function stillWaiting(session: Session, { id, waitingFor }: Unfinished): Promise<string> {
  const [kind, name = ''] = id.split('/');
  const [line] = kind === 'service' ? await lastLinesOf(name, session, 1) : [];
  return `still waiting: ${waitingFor}${line === undefined ? '' : `; its last line: ${line}`}`;
}

/** What has to hold is asked once all else is done. */
async function proofNodes(
  work: readonly Node[],
  session: Session,
  options: UpOptions,
  reports: CheckReport[],
): Promise<readonly Node[]> {
  const kinds = await operationsOf(session.kinds);
  return kinds.flatMap(({ kind, operations }): Node[] => {
    const proof = operations.proof?.(session);
    if (proof === undefined) return [];
    const step = kind.step ?? kind.kind;
    return [
      {
        id: step,
        step,
        needs: work.map(({ id }) => id),
        run: async (report) => {
          const found = await proof({
            waitingFor: (what) => report.waitingFor(what),
            deadlineMs: options.deadlineMs,
          });
          reports.push(...found);
          const good = found.filter(({ verdict }) => verdict === 'consistent').length;
          const all = good === found.length ? '' : ` of ${found.length}`;
          const empty = found.filter(({ verdict }) => verdict === 'empty').length;
          const wrong = good + empty < found.length;
          const of = empty === 0 ? '' : `, ${empty} empty`;
          return { changed: false, detail: `${good}${all} consistent${of}`, wrong };
        },
      },
    ];
  });
}
