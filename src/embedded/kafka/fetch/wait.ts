import type { Call } from '../server/call.js';
import type { FetchPlan } from './plan.js';
import type { PartitionResult } from './sessions.js';

/**
 * Long polling: the results as soon as there are minBytes (or an error), or what there is after maxWaitMs. Appends to
 * the plan's partitions and a deleted topic wake it; a connection that goes away ends it.
 */
export function waitForData(
  plan: FetchPlan,
  { minBytes, maxWaitMs }: { readonly minBytes: number; readonly maxWaitMs: number },
  { broker, peer }: Call,
): PartitionResult[] | Promise<PartitionResult[]> {
  const first = plan.evaluate();
  if (first.final || first.bytes >= minBytes || maxWaitMs <= 0) return first.results;
  return new Promise((resolve) => {
    let woken = false;
    const finish = (results: PartitionResult[]): void => {
      plan.onWoken(undefined);
      for (const stop of [...stops, ...watches]) stop();
      resolve(results);
    };
    const look = (): void => {
      woken = false;
      if (done) return;
      const now = plan.evaluate();
      if (!now.final && now.bytes < minBytes) {
        watch();
        return;
      }
      done = true;
      finish(now.results);
    };
    // Several appends in one go are looked at once.
    const wake = (): void => {
      if (woken || done) return;
      woken = true;
      queueMicrotask(look);
    };
    let done = false;
    const stops: Array<() => void> = [];
    let watches: Array<() => void> = [];
    const watch = (): void => {
      for (const stop of watches) stop();
      watches = plan.logs().map((log) => log.watch(wake));
    };
    watch();
    plan.onWoken(wake);
    const end = (): void => {
      if (done) return;
      done = true;
      finish(plan.evaluate().results);
    };
    stops.push(broker.clock.schedule(maxWaitMs, end), peer.onClose(end));
  });
}
