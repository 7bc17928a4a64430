import type { Session } from '../kinds/session.js';
import { describeGroups } from '../operations/topics/groups.js';
import { pause } from '../support/retry.js';

/** How far one group was behind, in the order of time. */
export interface LagSeries {
  readonly group: string;
  readonly lags: readonly number[];
}

const EVERY_MS = 500;
/** Five minutes: a page shows no more. */
const SAMPLES_MAX = 600;

/** Looks at the lag of all groups until the signal, at least once. A look that fails is left out: the checks say what does not answer. */
export async function sampleLags(session: Session, signal: AbortSignal): Promise<readonly LagSeries[]> {
  const lags = new Map<string, number[]>();
  for (let samples = 0; samples < SAMPLES_MAX; samples++) {
    for (const { group, lag } of await describeGroups(session, []).catch(() => []))
      lags.set(group, [...(lags.get(group) ?? []), Number(lag)]);
    if (signal.aborted) break;
    await pause(EVERY_MS, signal).catch(() => {});
  }
  return [...lags].map(([group, series]) => ({ group, lags: series }));
}
