import type { RawConfig } from '../../../protocol/connect/option.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { pause } from '../../../support/retry.js';
import { isTransient } from '../data/failure.js';

const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 5_000;

export interface Retries {
  readonly timeoutMs: number;
  readonly pauseMaxMs: number;
}

/**
 * `errors.retry.timeout` and `errors.retry.delay.max.ms`. Where the first is not set, an outage is waited out: Connect's
 * default, 0, ends the task with the first request that fails.
 */
export function retriesOf(config: RawConfig): Retries {
  const timeoutMs = Number(config['errors.retry.timeout'] ?? -1);
  return {
    timeoutMs: timeoutMs < 0 ? Number.POSITIVE_INFINITY : timeoutMs,
    pauseMaxMs: Number(config['errors.retry.delay.max.ms'] ?? PAUSE_MAX_MS),
  };
}

/**
 * Repeats what failed because a server was out of reach, until it succeeds, the time for it is over or the task is
 * stopped: an outage of the schema registry delays records, it does not end the task. Any other failure is thrown.
 */
export async function untilReachable<Result>(
  attempt: () => Promise<Result>,
  task: { readonly connector: string; readonly log: Log; readonly signal: AbortSignal; readonly retries: Retries },
): Promise<Result> {
  const { timeoutMs, pauseMaxMs } = task.retries;
  const endMs = performance.now() + timeoutMs;
  for (let pauseMs = PAUSE_MIN_MS; ; pauseMs *= 2) {
    try {
      return await attempt();
    } catch (failure) {
      const leftMs = endMs - performance.now();
      if (!isTransient(failure) || leftMs <= 0) throw failure;
      pauseMs = Math.min(pauseMs, pauseMaxMs);
      task.log.warn('a server is out of reach, trying again', {
        connector: task.connector,
        why: messageOf(failure),
        inMs: pauseMs,
      });
      await pause(Math.min(pauseMs, leftMs), task.signal);
    }
  }
}
