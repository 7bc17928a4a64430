import type { KafkaClient, OutgoingRecord, PartitionPosition } from '../../clients/kafka/contract.js';
import { readToEnd } from '../../clients/kafka/read-topic.js';
import { checksumOf } from '../database/resource.js';
import type { Ledger, LedgerView } from '../ledger/ledger.js';
import type { SeedLine } from './seed-files.js';

export interface TopicSeed {
  readonly name: string;
  readonly topic: string;
  /** The whole file, and what its lines hold. */
  readonly source: string;
  readonly lines: readonly SeedLine[];
}

/** What the ledger keeps of it: the lines below `done` are acknowledged; what came after them is behind `from`. */
interface TopicSeedState {
  readonly done: number;
  readonly checksum: string;
  readonly from: ReadonlyArray<{ readonly partition: number; readonly offset: string }>;
}

/** Lines between two notes in the ledger. */
const LINES_PER_NOTE = 500;
/** Says of a record which line of which seed it is, so that a killed run finds what it had written. */
const HEADER = 'evpipe-seed';

const ledgerKey = (name: string): string => `seed/${name}`;

/**
 * Writes the lines that are not in the topic yet, in their order, as JSON. A run that was killed between writing and noting
 * is found in the topic itself: nothing is written twice. Returns how many were written now.
 */
export async function applyTopicSeed(
  seed: TopicSeed,
  { kafka, ledger }: { readonly kafka: KafkaClient; readonly ledger: Ledger },
  report: { progress(done: number): void; readonly signal: AbortSignal },
): Promise<number> {
  const checksum = checksumOf(seed.source);
  const known = ledger.get<TopicSeedState>(ledgerKey(seed.name));
  const state = known?.checksum === checksum ? known : undefined;
  if ((state?.done ?? 0) >= seed.lines.length && state !== undefined) return 0;
  const there = state === undefined ? new Set<string>() : await linesThere(seed, checksum, state, kafka, report.signal);
  const producer = kafka.producer();
  let written = 0;
  try {
    const note = async (done: number): Promise<void> => {
      const from = (await kafka.offsets(seed.topic, 'latest')).map(positionOf);
      await ledger.put(ledgerKey(seed.name), { done, checksum, from } satisfies TopicSeedState);
    };
    if (state === undefined) await note(0);
    for (let at = state?.done ?? 0; at < seed.lines.length; at += LINES_PER_NOTE) {
      report.signal.throwIfAborted();
      const chunk = seed.lines.slice(at, at + LINES_PER_NOTE);
      const missing = chunk
        .map((line, index) => ({ line, number: at + index }))
        .filter(({ number }) => !there.has(String(number)));
      await producer.send(missing.map(({ line, number }) => recordOf(seed, checksum, line, number)));
      written += missing.length;
      await note(at + chunk.length);
      report.progress(at + chunk.length);
    }
  } finally {
    await producer.close();
  }
  return written;
}

/** How many of its lines are noted as written. */
export function doneLines({ name, source }: Pick<TopicSeed, 'name' | 'source'>, ledger: LedgerView): number {
  const state = ledger.get<TopicSeedState>(ledgerKey(name));
  return state?.checksum === checksumOf(source) ? state.done : 0;
}

const positionOf = ({ partition, offset }: PartitionPosition) => ({ partition, offset: String(offset) });

/** A file that was changed is written as another one. */
const markOf = ({ name }: TopicSeed, checksum: string): string => `${name} ${checksum.slice(0, 8)} `;

function recordOf(seed: TopicSeed, checksum: string, { key, value, headers }: SeedLine, line: number): OutgoingRecord {
  return {
    topic: seed.topic,
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(JSON.stringify(value)),
    headers: [
      ...Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const),
      [HEADER, Buffer.from(`${markOf(seed, checksum)}${line}`)],
    ],
  };
}

/** Which lines a killed run had written after its last note. */
async function linesThere(
  seed: TopicSeed,
  checksum: string,
  state: TopicSeedState,
  kafka: KafkaClient,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const mark = markOf(seed, checksum);
  const from = state.from.map(({ partition, offset }) => ({ topic: seed.topic, partition, offset: BigInt(offset) }));
  const found = new Set<string>();
  for await (const { records } of readToEnd(kafka, seed.topic, { from, signal })) {
    for (const { headers } of records) {
      const text = headers.find(([name]) => name === HEADER)?.[1]?.toString('utf8') ?? '';
      if (text.startsWith(mark)) found.add(text.slice(mark.length));
    }
  }
  return found;
}
