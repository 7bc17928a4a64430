import { EvpipeError, messageOf } from './errors.js';

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** First pause between two attempts; it doubles up to `maxPauseMs`, with a quarter of jitter. */
  readonly pauseMs?: number;
  readonly maxPauseMs?: number;
}

/** Resolves after `ms`, rejects at once with the signal's reason where it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Asks until the answer is not undefined. `waitedFor` completes the sentence "waited 10 s for …"; the last
 * failure, if attempts threw, is the cause. Throws EVPIPE_DEADLINE, or the signal's reason.
 */
export async function waitUntil<T>(
  waitedFor: string | (() => string),
  attempt: () => Promise<T | undefined>,
  options: WaitOptions,
): Promise<T> {
  const startedMs = performance.now();
  let pauseMs = options.pauseMs ?? 20;
  let lastFailure: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const answer = await attempt();
      if (answer !== undefined) return answer;
      lastFailure = undefined;
    } catch (failure) {
      lastFailure = failure;
    }
    const leftMs = options.timeoutMs - (performance.now() - startedMs);
    if (leftMs <= 0) {
      const what = typeof waitedFor === 'string' ? waitedFor : waitedFor();
      const why = lastFailure === undefined ? '' : `: ${messageOf(lastFailure)}`;
      throw new EvpipeError('EVPIPE_DEADLINE', `waited ${options.timeoutMs / 1000} s for ${what}${why}`, {
        kind: 'deadline',
        cause: lastFailure,
      });
    }
    await pause(Math.min(leftMs, pauseMs * (0.875 + Math.random() / 4)), options.signal);
    pauseMs = Math.min(pauseMs * 2, options.maxPauseMs ?? 500);
  }
}
