import type { Redis } from 'ioredis';
import { messageOf } from '../support/errors.js';
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

/** Loads its library and connects when it is first asked, without keeping the one who asks: no start waits for what only saves time. */
export function openCache(url: string, log: Log): Cache {
  let redis: Redis | undefined;
  let closed = false;
  let opening: Promise<void> | undefined;
  const open = (): void => {
    opening ??= import('ioredis').then(({ Redis: Client }) => {
      if (!closed) redis = connected(new Client(url, OPTIONS), log);
    });
    opening.catch((failure: unknown) => log.error(`the cache can't be used: ${messageOf(failure)}`));
  };

  const unlessAway = async <T>(work: (client: Redis) => Promise<T>, otherwise: T): Promise<T> => {
    try {
      if (opening === undefined) open();
      return redis?.status === 'ready' ? await work(redis) : otherwise;
    } catch {
      return otherwise; // it is away, which was said; the answer comes from the database
    }
  };
  return {
    get: (key) => unlessAway(async (client) => (await client.get(key)) ?? undefined, undefined),
    set: (key, value, seconds) =>
      unlessAway(async (client) => void (await client.set(key, value, 'EX', seconds)), undefined),
    forget: (prefix) => unlessAway((client) => removeAll(client, `${prefix}*`), undefined),
    close: () => {
      closed = true;
      redis?.disconnect();
    },
  };
}

const OPTIONS = {
  connectTimeout: 1_000,
  commandTimeout: ANSWER_MS,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (times: number) => Math.min(times * 100, RECONNECT_MS_MAX),
};

function connected(redis: Redis, log: Log): Redis {
  let said = '';
  redis.on('error', (failure: Error) => {
    if (failure.message !== said) log.warn(`the cache is away: ${failure.message}`);
    said = failure.message;
  });
  redis.on('ready', () => {
    said = '';
  });
  return redis;
}

async function removeAll(redis: Redis, pattern: string): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 500);
    if (keys.length > 0) await redis.del(...keys);
    cursor = next;
  } while (cursor !== '0');
}
