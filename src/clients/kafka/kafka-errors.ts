import { ERROR_CODES, type ErrorName, errorName, isRetriable as isRetriableName } from '../../protocol/kafka/errors.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { pause } from '../../support/retry.js';

/** Kafka's answer as an error: `what` names the topic, partition or group, `message` is the broker's own text. */
export function kafkaError(code: number, message?: string | null, what?: string): EvpipeError {
  const name = errorName(code);
  const text = [what, name, message].filter((part) => part !== undefined && part !== null && part !== '').join(': ');
  return new EvpipeError(`EVPIPE_KAFKA_${name}`, text);
}

export function throwIfError(code: number, message?: string | null, what?: string): void {
  if (code !== ERROR_CODES.NONE) throw kafkaError(code, message, what);
}

/** Worth another try: the broker was not there, or says that it is not ready (any more). */
export function isRetriable(failure: unknown): boolean {
  if (!(failure instanceof EvpipeError) || !failure.code.startsWith('EVPIPE_KAFKA_')) return false;
  const name = failure.code.slice('EVPIPE_KAFKA_'.length);
  return name === 'UNREACHABLE' || (name in ERROR_CODES && isRetriableName(name as keyof typeof ERROR_CODES));
}

const PAUSE_MS = 40;
const PAUSE_MAX_MS = 1000;

/** The pause before try number `tries` (from 0), with a quarter of jitter either way. */
export const backoffMs = (tries: number): number =>
  Math.min(PAUSE_MS * 2 ** Math.min(tries, 8), PAUSE_MAX_MS) * (0.75 + Math.random() / 2);

export interface Patience {
  readonly timeoutMs: number;
  /** How long a topic that is unknown may still become known; default: `timeoutMs`. */
  readonly notFoundMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Tries until it succeeds, fails for good, or its time is over. Each attempt is told how long it has, and whether an
 * earlier one may have had its effect although its answer is missing.
 */
export async function persist<T>(
  attempt: (leftMs: number, again: boolean) => Promise<T>,
  { timeoutMs, notFoundMs = timeoutMs, signal }: Patience,
): Promise<T> {
  const startMs = performance.now();
  for (let tries = 0; ; tries++) {
    signal.throwIfAborted();
    try {
      return await attempt(Math.max(1, startMs + timeoutMs - performance.now()), tries > 0);
    } catch (failure) {
      const pauseMs = backoffMs(tries);
      const boundMs = hasCode(failure, 'UNKNOWN_TOPIC_OR_PARTITION') ? notFoundMs : timeoutMs;
      if (!isRetriable(failure) || performance.now() + pauseMs >= startMs + boundMs) throw failure;
      await pause(pauseMs, signal);
    }
  }
}

export const hasCode = (failure: unknown, name: ErrorName): boolean =>
  failure instanceof EvpipeError && failure.code === `EVPIPE_KAFKA_${name}`;

export const asEvpipeError = (failure: unknown): EvpipeError =>
  failure instanceof EvpipeError
    ? failure
    : new EvpipeError('EVPIPE_KAFKA_UNKNOWN_SERVER_ERROR', messageOf(failure), { cause: failure });
