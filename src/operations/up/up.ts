import { mkdirSync } from 'node:fs';
import type { CheckReport } from '../../consistency/report.js';
import { verifyConsistency } from '../../kinds/check/verify-consistency.js';
import type { Session } from '../../kinds/session.js';
import { type Node, walk } from '../../kinds/walk.js';
import { takeRunLock } from '../../targets/run-lock.js';
import { type Slice, upNodes } from './nodes.js';

export interface UpOptions {
  readonly slices: ReadonlySet<Slice>;
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
}

/**
 * Brings the pipeline up to what is declared and proves it. Can be repeated: what is there is left alone, what was interrupted goes on.
 * A failed step is in the result; throws on wrong usage, an aborted signal, and EVPIPE_ALREADY_RUNNING.
 */
export async function up(session: Session, options: UpOptions): Promise<UpResult> {
  const startedMs = performance.now();
  const { pipeline, emit, signal } = session;
  mkdirSync(pipeline.stateFolder, { recursive: true, mode: 0o700 });
  const release = takeRunLock(pipeline.stateFolder);
  try {
    const reports: CheckReport[] = [];
    const work = upNodes(session, options.slices);
    const nodes =
      options.verify && pipeline.checks.length > 0 ? [...work, checksNode(work, session, options, reports)] : work;
    const steps = SCREEN_ORDER.filter((step) => nodes.some((node) => node.step === step));
    emit({ kind: 'operation', operation: 'up', pipeline: pipeline.name, target: session.target.name, steps });
    const { changed, failure } = await walk(nodes, { emit, signal });
    return { changed, failure, reports, elapsedMs: performance.now() - startedMs };
  } finally {
    release();
  }
}

const SCREEN_ORDER = [
  'postgres',
  'kafka',
  'registry',
  'rabbitmq',
  'stores',
  'services',
  'gateway',
  'streams',
  'seed',
  'checks',
] as const;

function checksNode(work: readonly Node[], session: Session, options: UpOptions, reports: CheckReport[]): Node {
  return {
    id: 'checks',
    step: 'checks',
    needs: work.map(({ id }) => id),
    run: async (report) => {
      const found = await verifyConsistency(session, {
        waitingFor: (what) => report.waitingFor(what),
        deadlineMs: options.deadlineMs,
      });
      reports.push(...found);
      const good = found.filter(({ verdict }) => verdict === 'consistent').length;
      return {
        changed: false,
        detail: good === found.length ? `${good} consistent` : `${good} of ${found.length} consistent`,
      };
    },
  };
}
