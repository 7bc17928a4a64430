import { pause } from '../support/retry.js';
import type { StageReport, Verdict } from './report.js';
import { type Fence, type Progress, type Stage, standsStill } from './stages.js';

export type Held = Omit<StageReport, 'kind' | 'name'>;

export interface StageWait {
  /** For people: who waits. */
  readonly check: string;
  /** A stage that has not moved for this long, and has a trouble that does not pass by itself, is not waited for until the end. */
  readonly stalledMs: number;
  readonly signal: AbortSignal;
  leftMs(): number;
  /** Asked between two looks: whether nothing is left to wait for. */
  isSettled(): Promise<boolean>;
  waitingFor(what: string): void;
}

/** Waits until the stage has passed the fence, or nothing is left to wait for; else what holds it. */
export async function waitAtStage(stage: Stage, fence: Fence, wait: StageWait): Promise<Held | undefined> {
  const since = performance.now();
  let closest: bigint | undefined;
  let movedAt: number | undefined;
  let pauseMs = 20;
  for (;;) {
    const progress: Progress = await stage.progress(fence);
    if (progress.reached || (await wait.isSettled())) return undefined;
    if (closest === undefined || progress.distance < closest) {
      if (closest !== undefined) movedAt = performance.now();
      closest = progress.distance;
    }
    const stillMs = performance.now() - (movedAt ?? since);
    const isOver = wait.leftMs() <= 0;
    const known = isOver || stillMs >= wait.stalledMs ? await stage.trouble() : undefined;
    if (isOver || standsStill(known)) {
      const trouble = known?.says ?? (await stage.lastError?.());
      return {
        passed: false,
        behind: progress.behind,
        forMs: performance.now() - since,
        moving: movedAt !== undefined && stillMs < MOVED_LATELY_MS,
        ...(trouble === undefined ? {} : { trouble }),
      };
    }
    wait.waitingFor(`${wait.check}: ${stage.name} is ${progress.behind}`);
    await pause(Math.min(pauseMs, Math.max(1, wait.leftMs())), wait.signal);
    pauseMs = Math.min(pauseMs * 1.5, 500);
  }
}

/** Whether a stage that did not pass in time is called moving. */
const MOVED_LATELY_MS = 3_000;

/** `unwritten`: why no fence was written into the WAL, which a connector on a quiet source may never reach then. */
export function verdictAt(
  stage: Stage,
  { behind, trouble }: Held,
  unwritten: string | undefined,
): { readonly verdict: Verdict; readonly why: string } {
  const why = `${stage.name} is ${behind ?? 'behind'}`;
  if (trouble !== undefined) return { verdict: 'lagging', why: `${why}: ${trouble}` };
  return stage.kind !== 'connector' || unwritten === undefined
    ? { verdict: 'lagging', why }
    : { verdict: 'inconclusive', why: `${why}; no fence was written because ${unwritten}` };
}
