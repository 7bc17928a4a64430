import type { KafkaClient, PartitionPosition } from '../clients/kafka/contract.js';
import { formatLsn, type Lsn } from '../support/brands.js';
import { counted } from '../support/counted.js';

/**
 * A position that must have passed a stage: a place in a database's WAL, or the end of partitions. Whoever holds
 * everything up to it holds everything that was seen when it was taken; it may well hold more.
 */
export type Fence =
  | { readonly kind: 'wal'; readonly database: string; readonly lsn: Lsn }
  | { readonly kind: 'offsets'; readonly positions: readonly PartitionPosition[] }
  /** Everything that these queues held at that time (of performance.now()). */
  | { readonly kind: 'queues'; readonly queues: readonly string[]; readonly takenMs: number };

export interface Progress {
  readonly reached: boolean;
  /** How far it is behind, for people: "12 records behind", "824 B of WAL behind". */
  readonly behind: string;
  /** The same as a number, to see whether it moves. */
  readonly distance: bigint;
}

/** Why something stands still, in the component's own words: a paused connector, a failed task, no member. */
export interface Trouble {
  readonly says: string;
  /** It may well be over by itself soon: a start, a rebalance, the first restart after a crash. */
  readonly passes?: boolean;
}

export const lasting = (says: string | undefined): Trouble | undefined => (says === undefined ? undefined : { says });

/** It has a trouble that waiting does not end. */
export const standsStill = (trouble: Trouble | undefined): boolean => trouble !== undefined && trouble.passes !== true;

/** One station on the way from source to replica that a fence has to pass. */
export interface Stage {
  readonly kind: 'connector' | 'outbox' | 'query' | 'group' | 'receiver';
  /** As the file or the server calls it. */
  readonly name: string;
  /** Has everything up to `input` been handled? */
  progress(input: Fence): Promise<Progress>;
  /** Asked once `input` is reached: what the next stage has to pass. Undefined at the last one. */
  outputs(input: Fence): Promise<Fence | undefined>;
  trouble(): Promise<Trouble | undefined>;
  /** What its component complained of last, which may be long over: said where it stands still without a known trouble. */
  lastError?(): Promise<string | undefined>;
}

const REACHED: Progress = { reached: true, behind: 'nothing behind', distance: 0n };

export type SnapshotState = 'pending' | 'running' | 'done';

/** What a connector's stage asks; operations wire it to Connect and to the slot's own database. */
export interface ConnectorProbe {
  readonly name: string;
  /** How far the slot has been confirmed; undefined where the slot does not exist (yet). */
  confirmedLsn(): Promise<Lsn | undefined>;
  /** As the stored offsets have it; undefined where the worker can't say (before Kafka 3.5). */
  snapshot(): Promise<SnapshotState | undefined>;
  /** A position that a slot made before this call has not confirmed yet. */
  takeFence(): Promise<Lsn>;
  /** The topics it writes; known from its config, or declared by `produces`. */
  topics(): Promise<readonly string[]>;
  trouble(): Promise<Trouble | undefined>;
}

/**
 * A source connector has passed a WAL position when its slot is confirmed up to there: Connect confirms only what
 * Kafka has acknowledged and whose offsets are stored.
 *
 * A slot is confirmed while its connector streams, never during a snapshot. So only a slot that has advanced since it
 * was first seen proves anything: a new one starts beyond the fence with its snapshot still to come. `confirmedAtStart`
 * was read before the source was.
 */
export function connectorStage(probe: ConnectorProbe, kafka: KafkaClient, confirmedAtStart: Lsn | undefined): Stage {
  let since = confirmedAtStart;
  let fenceOfNewSlot: Lsn | undefined;
  const away = (behind: string, distance: bigint): Progress => ({ reached: false, behind, distance });
  return {
    kind: 'connector',
    name: probe.name,
    async progress(input) {
      if (input.kind !== 'wal') throw new Error(`connector ${probe.name} was given a fence of another kind`);
      const confirmed = await probe.confirmedLsn();
      if (confirmed === undefined) {
        since = undefined;
        return away('has no replication slot yet', input.lsn);
      }
      if (since === undefined) {
        since = confirmed;
        fenceOfNewSlot = await probe.takeFence();
      }
      const wanted = fenceOfNewSlot !== undefined && fenceOfNewSlot > input.lsn ? fenceOfNewSlot : input.lsn;
      if (confirmed < wanted) {
        const distance = wanted - confirmed;
        return away(`${distance} B of WAL behind (at ${formatLsn(confirmed)})`, distance);
      }
      const snapshot = await probe.snapshot();
      if (snapshot === 'running') return away('taking a snapshot', 1n);
      if (confirmed > since || snapshot === 'done') return REACHED;
      return away('about to take its first snapshot', 1n);
    },
    outputs: async () => endsOf(kafka, await probe.topics()),
    trouble: () => probe.trouble(),
  };
}

/** A reader of topics that commits offsets: a ksqlDB query or a service's consumer group. */
export interface GroupProbe {
  readonly kind: 'query' | 'group';
  readonly name: string;
  readonly group: string;
  readonly reads: readonly string[];
  /** Topics in which parts of a query hand rows to each other. */
  between?(): Promise<readonly string[]>;
  /** Where the replica itself keeps how far it has applied its topics: commits may come before the work is done, or late. */
  applied?(): Promise<readonly PartitionPosition[]>;
  readonly handsOn: HandsOn;
  trouble(): Promise<Trouble | undefined>;
  lastError?(): Promise<string | undefined>;
}

/** Topics or queues that the next stage reads; nothing at the last one. */
export interface HandsOn {
  readonly topics: readonly string[];
  readonly queues: readonly string[];
}

/** A way over queues alone has no Kafka: it is asked for only where something is handed on there. */
export type OpenKafka = () => Promise<KafkaClient>;

async function outputOf({ topics, queues }: HandsOn, kafka: OpenKafka): Promise<Fence | undefined> {
  if (queues.length > 0) return { kind: 'queues', queues, takenMs: performance.now() };
  return topics.length === 0 ? undefined : endsOf(await kafka(), topics);
}

/**
 * What a group has read it has handled, unless it hands rows on to itself: when it has passed the fence, it has to pass the ends of
 * the topics between its parts, and again for each of these topics, since one may lead to the next.
 */
export function groupStage(probe: GroupProbe, kafka: KafkaClient): Stage {
  const committed = (topics: readonly string[]) => kafka.committedOffsets(probe.group, topics);
  const within = new WeakMap<Fence, Array<readonly PartitionPosition[]>>();
  return {
    kind: probe.kind,
    name: probe.name,
    async progress(input) {
      if (input.kind !== 'offsets') throw new Error(`${probe.name} was given a fence of another kind: ${input.kind}`);
      const fences = within.get(input) ?? [input.positions.filter(({ topic }) => probe.reads.includes(topic))];
      within.set(input, fences);
      for (;;) {
        const records = await recordsBehind(
          kafka,
          fences.at(-1) ?? [],
          fences.length === 1 ? (probe.applied ?? committed) : committed,
        );
        if (records > 0n) {
          return { reached: false, behind: `${counted(records, 'record')} behind`, distance: records };
        }
        const between = (await probe.between?.()) ?? [];
        if (fences.length > between.length) return REACHED;
        // Offsets of a transaction count a moment before its rows can be read.
        fences.push((await endsOf(kafka, between, 'read_uncommitted')).positions);
      }
    },
    outputs: () => outputOf(probe.handsOn, async () => kafka),
    trouble: () => probe.trouble(),
    lastError: async () => probe.lastError?.(),
  };
}

export type UnsentRows = readonly string[] | 'all';

/** A polling outbox has passed a fence when no row committed before it is unsent: rows that come later are not waited for. */
export interface OutboxProbe {
  readonly name: string;
  readonly handsOn: HandsOn;
  readonly table: string;
  /** The keys of the rows that are unsent at this moment; `all` where they can't be told apart, or are too many. */
  unsent(): Promise<UnsentRows>;
  /** How many of these rows are still unsent, and for how long the oldest has been, where the outbox tells when it was written. */
  stillUnsent(rows: UnsentRows): Promise<{ readonly count: bigint; readonly oldestMs: number | undefined }>;
  trouble(): Promise<Trouble | undefined>;
  lastError?(): Promise<string | undefined>;
}

export function outboxStage(probe: OutboxProbe, kafka: OpenKafka): Stage {
  let taken: { readonly fence: Fence; readonly rows: UnsentRows } | undefined;
  return {
    kind: 'outbox',
    name: probe.name,
    async progress(input) {
      // Whatever was committed before the fence is seen now, sent or not.
      if (taken?.fence !== input) taken = { fence: input, rows: await probe.unsent() };
      const { count, oldestMs } = await probe.stillUnsent(taken.rows);
      if (count === 0n) return REACHED;
      const age = oldestMs === undefined ? '' : `, the oldest for ${secondsOf(oldestMs)} s`;
      const behind = `${count} ${count === 1n ? 'event' : 'events'} behind (unsent in ${probe.table}${age})`;
      return { reached: false, behind, distance: count };
    },
    outputs: () => outputOf(probe.handsOn, kafka),
    trouble: () => probe.trouble(),
    lastError: async () => probe.lastError?.(),
  };
}

const secondsOf = (ms: number): number => Math.max(0, Math.round(ms / 1000));

/** A service that receives from queues, and acknowledges what it has done. */
export interface ReceiverProbe {
  readonly name: string;
  readonly receives: readonly string[];
  readonly handsOn: HandsOn;
  /** What is neither acknowledged nor refused: waiting, or in a receiver's hands. */
  unfinished(queue: string): Promise<number>;
  /** The answer to `unfinished` may be this old. */
  readonly staleMs: number;
  trouble(): Promise<Trouble | undefined>;
  lastError?(): Promise<string | undefined>;
}

/** Queues have no positions: a receiver has passed a fence once each queue was seen empty after it was taken. */
export function receiverStage(probe: ReceiverProbe, kafka: OpenKafka): Stage {
  const passed = new WeakMap<Fence, Set<string>>();
  return {
    kind: 'receiver',
    name: probe.name,
    async progress(input) {
      if (input.kind !== 'queues') throw new Error(`${probe.name} was given a fence of another kind: ${input.kind}`);
      const empty = passed.get(input) ?? new Set();
      passed.set(input, empty);
      const mine = input.queues.filter((queue) => probe.receives.includes(queue) && !empty.has(queue));
      const askedMs = performance.now();
      const counts = await Promise.all(mine.map(async (queue) => ({ queue, left: await probe.unfinished(queue) })));
      const fresh = askedMs >= input.takenMs + probe.staleMs;
      for (const { queue, left } of counts) if (left === 0 && fresh) empty.add(queue);
      const behind = counts.filter(({ queue }) => !empty.has(queue));
      if (behind.length === 0) return REACHED;
      const messages = behind.reduce((sum, { left }) => sum + left, 0);
      const named = behind.map(({ queue }) => `queue ${queue}`).join(', ');
      return {
        reached: false,
        behind:
          messages === 0
            ? `about to show whether ${named} is empty`
            : `${counted(messages, 'message')} behind in ${named}`,
        // Facts that grow old enough to count are a progress too: nothing stands still meanwhile.
        distance:
          BigInt(messages) * 1_000_000n + BigInt(Math.max(0, Math.ceil(input.takenMs + probe.staleMs - askedMs))),
      };
    },
    outputs: () => outputOf(probe.handsOn, kafka),
    trouble: () => probe.trouble(),
    lastError: async () => probe.lastError?.(),
  };
}

export async function endsOf(
  kafka: KafkaClient,
  topics: readonly string[],
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<Extract<Fence, { kind: 'offsets' }>> {
  // A topic that nothing was ever written to may not exist yet: nothing has to be passed there.
  const ends = await Promise.all(
    topics.map(async (topic) =>
      (await kafka.describeTopic(topic)) === undefined ? [] : kafka.offsets(topic, 'latest', isolation),
    ),
  );
  return { kind: 'offsets', positions: ends.flat() };
}

/** How many records before the fence are not done. Partitions that never held a record don't count. */
async function recordsBehind(
  kafka: KafkaClient,
  fence: readonly PartitionPosition[],
  done: (topics: readonly string[]) => Promise<readonly PartitionPosition[]>,
): Promise<bigint> {
  const topics = [...new Set(fence.map((position) => position.topic))];
  const [committed, starts] = await Promise.all([
    done(topics),
    Promise.all(topics.map((topic) => kafka.offsets(topic, 'earliest'))).then((all) => all.flat()),
  ]);
  const at = (positions: readonly PartitionPosition[], { topic, partition }: PartitionPosition): bigint | undefined =>
    positions.find((one) => one.topic === topic && one.partition === partition)?.offset;
  let behind = 0n;
  for (const end of fence) {
    const start = at(starts, end) ?? 0n;
    const done = at(committed, end) ?? start;
    const missing = end.offset - (done > start ? done : start);
    if (missing <= 0n) continue;
    const only =
      missing <= MARKERS_AT_MOST && (await onlyMarkers(kafka, { ...end, offset: end.offset - missing }, end.offset));
    if (!only) behind += missing;
  }
  return behind;
}

/** Transaction markers take offsets that no consumer commits: a gap this small is read to see whether a record is in it. */
const MARKERS_AT_MOST = 16n;

async function onlyMarkers(kafka: KafkaClient, from: PartitionPosition, end: bigint): Promise<boolean> {
  const reader = kafka.reader({ from: [from], maxWaitMs: 100 });
  try {
    for await (const batch of reader) {
      if (batch.records.some((record) => record.offset < end)) return false;
      if (batch.nextOffset >= end) return true;
    }
    return false;
  } finally {
    await reader.close();
  }
}
