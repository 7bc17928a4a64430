import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { decompress, loadCodec } from '../../../clients/kafka/compression.js';
import {
  attributesOf,
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  compressionOf,
  encodeBatch,
  isControl,
  isTransactional,
  LOG_APPEND_TIME_FLAG,
  type LoggedRecord,
  lastOffsetDeltaOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  recordsOf,
} from '../../../protocol/kafka/record-batch.js';
import type { PartitionLog } from '../log/partition-log.js';
import { Segment } from '../log/segment.js';
import type { TopicSettings } from '../topics/settings.js';

/** Keys that one pass remembers (some 100 bytes each); what does not fit is compacted by the next pass. */
const KEYS_MAX = 1_000_000;

/** Bytes after which other work gets its turn. */
const STEP_BYTES = 4 * 1024 * 1024;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Keeps of each key the last record. Never touches the active segment; every other one is written anew, one by one,
 * beside the old file and renamed over it, so a crash leaves either. Offsets stay as they were, with gaps. Tombstones
 * and transaction markers go when they are older than delete.retention.ms; records of aborted transactions go at once.
 */
export async function compact(log: PartitionLog, settings: TopicSettings, nowMs: number): Promise<boolean> {
  const closed = log.allSegments.slice(0, -1);
  const old = closed.filter((segment) => nowMs - segment.maxTimestamp >= settings.minCompactionLagMs);
  const dirty = old.filter((segment) => segment.lastOffset >= log.cleanedTo);
  const dirtyBytes = dirty.reduce((bytes, { size }) => bytes + size, 0);
  const bytes = old.reduce((sum, { size }) => sum + size, 0);
  const overdue = dirty.some(({ firstTimestamp = nowMs }) => nowMs - firstTimestamp > settings.maxCompactionLagMs);
  if (dirtyBytes === 0 || (dirtyBytes / bytes < settings.minCleanableRatio && !overdue)) return false;
  const stable = log.lastStableOffset;
  const { latest, end } = await latestOffsets(dirty, stable);
  for (const segment of old) {
    if (segment.baseOffset >= end) break;
    if (!log.allSegments.includes(segment)) continue; // retention took it meanwhile
    await rewrite(log, segment, latest, { end, deleteBeforeMs: nowMs - settings.deleteRetentionMs });
  }
  log.cleanedTo = end;
  log.checkpoint();
  return true;
}

/** The last offset of every key in these segments, up to an offset: that of an open transaction, or where the map is full. */
async function latestOffsets(
  segments: readonly Segment[],
  stable: number,
): Promise<{ readonly latest: Map<string, number>; readonly end: number }> {
  const latest = new Map<string, number>();
  let end = 0;
  let read = 0;
  for (const segment of segments) {
    for (const place of segment.batches()) {
      if (place.lastOffset >= stable || latest.size >= KEYS_MAX) return { latest, end };
      const batch = segment.read(place.position, place.size);
      if (!isControl(batch)) {
        for (const { key, offset } of await records(batch))
          if (key !== null) latest.set(key.toString('latin1'), offset);
      }
      end = place.lastOffset + 1;
      read += place.size;
      if (read >= STEP_BYTES) {
        read = 0;
        await turn();
      }
    }
    end = Math.max(end, segment.lastOffset + 1);
  }
  return { latest, end };
}

async function records(batch: Buffer): Promise<LoggedRecord[]> {
  const codec = compressionOf(batch);
  if (codec === 0) return recordsOf(batch);
  await loadCodec(codec);
  return recordsOf(batch, decompress(codec, batch.subarray(BATCH_HEADER_BYTES)));
}

interface Bounds {
  readonly end: number;
  readonly deleteBeforeMs: number;
}

async function rewrite(log: PartitionLog, segment: Segment, latest: ReadonlyMap<string, number>, bounds: Bounds) {
  const file = `${segment.file}.cleaned`;
  const fd = openSync(file, 'w', 0o600);
  let step = 0;
  let written = 0;
  try {
    for (const place of segment.batches()) {
      const batch = segment.read(place.position, place.size);
      const kept = place.lastOffset >= bounds.end ? batch : await keep(log, batch, latest, bounds);
      if (kept !== undefined) {
        for (let done = 0; done < kept.length; ) done += writeSync(fd, kept, done);
        written += kept.length;
      }
      step += place.size;
      if (step >= STEP_BYTES) {
        step = 0;
        await turn();
      }
    }
  } finally {
    closeSync(fd);
  }
  if (!log.allSegments.includes(segment) || written === segment.size) {
    rmSync(file);
    return;
  }
  segment.retire();
  renameSync(file, segment.file);
  const fresh = new Segment(segment.dir, segment.baseOffset);
  fresh.index.reset();
  for (const place of fresh.batches()) {
    fresh.maxTimestamp = Math.max(fresh.maxTimestamp, place.maxTimestamp);
    fresh.firstTimestamp ??= place.maxTimestamp;
    fresh.index.note(place.baseOffset, place.position, place.position + place.size, fresh.maxTimestamp);
  }
  fresh.lastOffset = segment.lastOffset;
  fresh.index.unload();
  log.replaceSegment(segment, fresh);
}

/** The batch as it is, with fewer records, or not at all. */
async function keep(
  log: PartitionLog,
  batch: Buffer,
  latest: ReadonlyMap<string, number>,
  bounds: Bounds,
): Promise<Buffer | undefined> {
  const base = baseOffsetOf(batch);
  if (isControl(batch)) return maxTimestampOf(batch) < bounds.deleteBeforeMs ? undefined : batch;
  if (isTransactional(batch) && log.isAborted(producerIdOf(batch), base)) return undefined;
  const all = await records(batch);
  const kept = all.filter(({ key, value, offset, timestampMs }) => {
    if (key === null) return false;
    const last = latest.get(key.toString('latin1'));
    if (last !== undefined && last > offset) return false;
    // A tombstone that this pass sees for the first time stays, so that readers have time to see it.
    return value !== null || offset >= log.cleanedTo || timestampMs >= bounds.deleteBeforeMs;
  });
  if (kept.length === all.length) return batch;
  if (kept.length === 0) return undefined;
  const codec = compressionOf(batch);
  return encodeBatch(
    {
      baseOffset: base,
      leaderEpoch: 0,
      compression: codec,
      logAppendTime: (attributesOf(batch) & LOG_APPEND_TIME_FLAG) !== 0,
      transactional: isTransactional(batch),
      producerId: producerIdOf(batch),
      producerEpoch: producerEpochOf(batch),
      baseSequence: baseSequenceOf(batch),
      lastOffsetDelta: lastOffsetDeltaOf(batch),
      baseTimestampMs: baseTimestampOf(batch),
      maxTimestampMs: maxTimestampOf(batch),
    },
    kept.map(({ offsetDelta, timestampMs, key, value, headers }) => ({
      offsetDelta,
      timestampMs,
      key,
      value,
      headers,
    })),
    codec === 0 ? undefined : (await loadCodec(codec)).compress,
  );
}
