import { Buckets, type Key, type Side } from './side.js';

/** Several sources as one: their rows together, whatever database each is in. A key that two of them hold is there twice. */
export function unionSide(parts: readonly Side[]): Side {
  const all = async <T>(work: (part: Side, index: number) => Promise<readonly T[]>): Promise<readonly T[]> =>
    (await Promise.all(parts.map(work))).flat();
  return {
    label: parts.map(({ label }) => label).join(' + '),
    columns: parts[0]?.columns ?? [],
    uniqueKey: false,
    scans: parts.some(({ scans }) => scans === true),
    versioned: parts.every(({ versioned }) => versioned),
    writable: 'it is several tables',

    async estimateRows(signal) {
      const rows = await Promise.all(parts.map((part) => part.estimateRows(signal)));
      return rows.some((one) => one < 0) ? -1 : rows.reduce((sum, one) => sum + one, 0);
    },

    async buckets(of, scan) {
      const sum = new Buckets(of);
      for (const buckets of await Promise.all(parts.map((part) => part.buckets(of, scan)))) {
        for (let bucket = 0; bucket < of; bucket += 1)
          sum.add(bucket, buckets.counts[bucket] ?? 0, buckets.sums[bucket] ?? 0n);
      }
      return sum;
    },

    async *entries(of, buckets, scan) {
      for (const part of parts) yield* part.entries(of, buckets, scan);
    },

    entriesOf: (keys, signal) => all((part) => part.entriesOf(keys, signal)),
    rowsOf: (keys, signal) => all((part) => part.rowsOf(keys, signal)),

    keysFrom: parts.every(({ keysFrom }) => keysFrom !== undefined)
      ? async (value, max, signal) => {
          const keys = await Promise.all(parts.map((part) => part.keysFrom?.(value, max, signal)));
          const found = keys.flatMap((some) => some ?? []);
          return keys.includes(undefined) || found.length > max ? undefined : found;
        }
      : undefined,
    now: async (signal) => JSON.stringify(await Promise.all(parts.map((part) => part.now(signal)))),
    changedSince: (then, signal) => {
      const times = JSON.parse(then) as readonly string[];
      return all<Key>((part, index) => part.changedSince(times[index] ?? '', signal));
    },
  };
}
