import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { isControl } from '../../../protocol/kafka/record-batch.js';
import { unpackedRecords } from '../../../protocol/kafka/unpacked-records.js';
import type { PartitionLog } from '../log/partition-log.js';
import type { Segment } from '../log/segment.js';
import type { TopicSettings } from '../topics/settings.js';
import { type Cleaning, cleanBatch, keyText } from './clean-batch.js';
import { CleanedTransactions } from './cleaned-transactions.js';

/** Keys that one pass remembers (some 100 bytes each); what does not fit is compacted by the next pass. */
const KEYS_MAX = 1_000_000;

/** Bytes after which other work gets its turn. */
const STEP_BYTES = 4 * 1024 * 1024;

/** Offsets in a segment are relative to its first one. */
const OFFSETS_PER_SEGMENT_MAX = 0x7fffffff;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Segments = readonly [Segment, ...Segment[]];

/**
 * Keeps the last record of every key, as Kafka's log cleaner does; false where nothing was to be done.
 *
 * One pass reads the segments that no pass has read yet ("dirty") and notes the last offset of each of their keys.
 * Then all segments are rewritten without the records that were overtaken, without those of aborted transactions (which
 * overtake nothing), and without the tombstones and markers whose time is over. A pass ends before the active segment,
 * before the first open transaction, and before the first segment with a record younger than min.compaction.lag.ms.
 */
export async function compact(log: PartitionLog, settings: TopicSettings, nowMs: number): Promise<boolean> {
  const cleanable = cleanableSegments(log, settings, nowMs);
  if (!isDue(log, cleanable, settings, nowMs)) return false;
  const dirty = cleanable.filter((segment) => segment.lastOffset >= log.cleanedTo);
  const { latest, end } = await latestOffsets(log, dirty);
  if (end <= log.cleanedTo) return false;
  const transactions = new CleanedTransactions(log.abortedWithin(0, end));
  const cleaning = { latest, transactions, nowMs, deleteRetentionMs: settings.deleteRetentionMs };
  const old = cleanable.filter(({ baseOffset }) => baseOffset < end);
  for (const group of groupsOf(old, settings.segmentBytes)) {
    await rewrite(log, group, end, cleaning);
    if (log.isClosed) return false;
  }
  log.cleanedTo = end;
  log.checkpoint();
  return true;
}

function cleanableSegments(log: PartitionLog, settings: TopicSettings, nowMs: number): readonly Segment[] {
  const closed = log.allSegments.slice(0, -1);
  const young = closed.findIndex(
    (segment) =>
      segment.lastOffset >= log.cleanedTo && segment.largestTimestamp() > nowMs - settings.minCompactionLagMs,
  );
  return young < 0 || settings.minCompactionLagMs <= 0 ? closed : closed.slice(0, young);
}

/** Enough of the log is dirty, or a record has waited for max.compaction.lag.ms. */
function isDue(log: PartitionLog, cleanable: readonly Segment[], settings: TopicSettings, nowMs: number): boolean {
  const end = log.lastStableOffset;
  const dirty = cleanable.filter(({ baseOffset, lastOffset }) => lastOffset >= log.cleanedTo && baseOffset < end);
  const dirtyBytes = bytesOf(dirty);
  if (dirtyBytes === 0) return false;
  if (dirtyBytes / bytesOf(cleanable) > settings.minCleanableRatio) return true;
  return dirty.some((segment) => {
    const firstMs = segment.firstBatchTimestamp() ?? -1;
    return firstMs > 0 && nowMs - firstMs > settings.maxCompactionLagMs;
  });
}

const bytesOf = (segments: readonly Segment[]): number => segments.reduce((bytes, { size }) => bytes + size, 0);

/** The last offset of every key in these segments, up to the first open transaction or to where the map is full. */
async function latestOffsets(
  log: PartitionLog,
  segments: readonly Segment[],
): Promise<{ readonly latest: Map<string, number>; readonly end: number }> {
  const latest = new Map<string, number>();
  const stable = log.lastStableOffset;
  const transactions = new CleanedTransactions(log.abortedWithin(segments[0]?.baseOffset ?? 0, stable));
  let end = 0;
  let read = 0;
  for (const segment of segments) {
    for (const place of segment.batches()) {
      if (place.lastOffset >= stable || latest.size >= KEYS_MAX) return { latest, end };
      const batch = segment.read(place.position, place.size);
      if (isControl(batch)) transactions.endsNothing(batch);
      else if (!transactions.isAborted(batch)) {
        for (const { key, offset } of await unpackedRecords(batch)) if (key !== null) latest.set(keyText(key), offset);
      }
      end = place.lastOffset + 1;
      read += place.size;
      if (read >= STEP_BYTES) {
        read = 0;
        await turn();
      }
    }
    end = Math.max(end, Math.min(segment.lastOffset + 1, stable));
  }
  return { latest, end };
}

/** Neighbours that fit into one segment become one: else compaction would leave ever more small ones. */
function groupsOf(segments: readonly Segment[], segmentBytes: number): Segments[] {
  const groups: Array<[Segment, ...Segment[]]> = [];
  for (const segment of segments) {
    const group = groups.at(-1);
    const fits =
      group !== undefined &&
      bytesOf(group) + segment.size <= segmentBytes &&
      segment.lastOffset - group[0].baseOffset <= OFFSETS_PER_SEGMENT_MAX;
    if (fits) group.push(segment);
    else groups.push([segment]);
  }
  return groups;
}

/** Writes a group of segments beside the old files and puts the result in their place: a kill leaves either. */
async function rewrite(log: PartitionLog, group: Segments, end: number, cleaning: Cleaning): Promise<void> {
  // Retention, DeleteRecords or the topic's deletion may take a segment while other work has its turn.
  const isThere = (): boolean => !log.isClosed && group.every((segment) => log.allSegments.includes(segment));
  if (!isThere()) return;
  const file = `${group[0].file}.cleaned`;
  const fd = openSync(file, 'w', 0o600);
  let isChanged = group.length > 1;
  try {
    let step = 0;
    for (const segment of group) {
      for (const place of segment.batches()) {
        const batch = segment.read(place.position, place.size);
        const kept = place.lastOffset >= end ? batch : await cleanBatch(batch, cleaning);
        if (kept !== undefined) writeAll(fd, kept);
        isChanged ||= kept !== batch;
        step += place.size;
        if (step < STEP_BYTES) continue;
        step = 0;
        await turn();
        if (!isThere()) break;
      }
    }
  } finally {
    closeSync(fd);
  }
  if (isThere() && isChanged) log.replaceSegments(group, file, cleaning.transactions.ended);
  else rmSync(file, { force: true });
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
