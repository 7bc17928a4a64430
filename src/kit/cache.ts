import { Redis } from 'ioredis';
import type { Log } from '../support/log.js';

/** A cache that may be away at any time: then nothing is found, and nothing is kept. */
export interface Cache {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, seconds: number): Promise<void>;
  /** Forgets everything that begins so. */
  forget(prefix: string): Promise<void>;
  close(): void;
}

/** Nobody waits longer for what only saves time. */
const ANSWER_MS = 250;
const RECONNECT_MS_MAX = 2_000;

export function openCache(url: string, log: Log): Cache {
  const redis = new Redis(url, {
    connectTimeout: 1_000,
    commandTimeout: ANSWER_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 100, RECONNECT_MS_MAX),
  });
  let said = '';
  redis.on('error', (failure: Error) => {
    if (failure.message !== said) log.warn(`the cache is away: ${failure.message}`);
    said = failure.message;
  });
  redis.on('ready', () => {
    said = '';
  });
  const unlessAway = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return redis.status === 'ready' ? await work() : otherwise;
    } catch {
      return otherwise; // said above; the answer comes from the database
    }
  };
  return {
    get: (key) => unlessAway(async () => (await redis.get(key)) ?? undefined, undefined),
    set: (key, value, seconds) => unlessAway(async () => void (await redis.set(key, value, 'EX', seconds)), undefined),
    forget: (prefix) =>
      unlessAway(async () => {
        let cursor = '0';
        do {
          const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 500);
          if (keys.length > 0) await redis.del(...keys);
          cursor = next;
        } while (cursor !== '0');
      }, undefined),
    close: () => redis.disconnect(),
  };
}
