import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { pause } from '../../../support/retry.js';
import { isTransient } from '../data/failure.js';

const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 5_000;

/**
 * Repeats what failed because a server was out of reach, until it succeeds or the task is stopped: an outage of the
 * schema registry delays records, it does not end the task. Any other failure is thrown.
 */
export async function untilReachable<Result>(
  attempt: () => Promise<Result>,
  task: { readonly connector: string; readonly log: Log; readonly signal: AbortSignal },
): Promise<Result> {
  for (let pauseMs = PAUSE_MIN_MS; ; pauseMs = Math.min(PAUSE_MAX_MS, pauseMs * 2)) {
    try {
      return await attempt();
    } catch (failure) {
      if (!isTransient(failure)) throw failure;
      task.log.warn('a server is out of reach, trying again', {
        connector: task.connector,
        why: messageOf(failure),
        inMs: pauseMs,
      });
      await pause(pauseMs, task.signal);
    }
  }
}
