import type { logCreator } from 'kafkajs';
import type { Log } from '../support/log.js';

const SAME_AGAIN_MS = 10_000;
/** What says in other words what another line says, or announces a retry. */
const NOISE = /^(Failed to connect to seed broker|Restarting the consumer|Response GroupCoordinator)/;

/** kafkajs's warnings and errors as one line each, without stacks, the same one at most every 10 s. It continues after all of them. */
export function kafkaLog(log: Log): logCreator {
  const saidMs = new Map<string, number>();
  return () =>
    ({ log: { message, error, broker } }) => {
      if (NOISE.test(message)) return;
      const text = `kafka: ${message}${error === undefined || message.includes(error) ? '' : `: ${error}`}`;
      const now = performance.now();
      if (now - (saidMs.get(text) ?? Number.NEGATIVE_INFINITY) < SAME_AGAIN_MS) return;
      if (saidMs.size > 100) saidMs.clear();
      saidMs.set(text, now);
      log.warn(text, { broker });
    };
}
