import type { PartitionLog } from '../log/partition-log.js';
import type { TopicSettings } from '../topics/settings.js';

/** Removes segments that are too old, and the oldest ones of a log that is too large; gives the number of those removed. */
export function enforceRetention(log: PartitionLog, settings: TopicSettings, nowMs: number): number {
  if (!settings.deletes) return 0;
  const segments = log.allSegments;
  const before = segments.length;
  let start = log.startOffset;
  let excess = settings.retentionBytes < 0 ? -1 : log.size - settings.retentionBytes;
  for (const [at, segment] of segments.entries()) {
    if (segment.size === 0) break;
    const active = at === segments.length - 1;
    const old = settings.retentionMs >= 0 && nowMs - segment.largestTimestamp() > settings.retentionMs;
    const tooMuch = !active && excess - segment.size >= 0;
    if (!old && !tooMuch) break;
    excess -= segment.size;
    start = segment.lastOffset + 1;
  }
  log.advanceStart(start);
  return before - log.allSegments.length;
}
