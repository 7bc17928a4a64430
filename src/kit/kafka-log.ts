import { type logCreator, logLevel } from 'kafkajs';
import type { Log } from '../support/log.js';

const SAME_AGAIN_MS = 10_000;

/** kafkajs's warnings and errors as one line each, without stacks, the same one at most every 10 s. */
export function kafkaLog(log: Log): logCreator {
  const saidMs = new Map<string, number>();
  return () =>
    ({ level, log: { message, error, broker } }) => {
      const text = `kafka: ${message}${error === undefined || message.includes(error) ? '' : `: ${error}`}`;
      const now = performance.now();
      if (now - (saidMs.get(text) ?? Number.NEGATIVE_INFINITY) < SAME_AGAIN_MS) return;
      if (saidMs.size > 100) saidMs.clear();
      saidMs.set(text, now);
      log[level === logLevel.ERROR ? 'error' : 'warn'](text, { broker });
    };
}
