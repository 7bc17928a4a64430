import type { Window } from '../../protocol/ksql/ast.js';
import type { SourceWindow } from '../metadata/source.js';
import type { RowWindow } from '../rows/row.js';
import { StatementError } from '../statement-error.js';

/** How late a record may be where the statement does not say: a day, as in ksqlDB. */
const GRACE_MS = 86_400_000;

export interface WindowRules {
  readonly kind: Window['kind'];
  /** Of tumbling and hopping windows; the gap of sessions. */
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;
  /** A window is forgotten when stream time is this far behind its start. */
  readonly retentionMs: number;
  /** A session that stream time has left so far behind is met by no row any more, though it is not forgotten yet. */
  readonly sessionMs: number;
}

/** With EMIT FINAL nothing is late that is not said to be: a window would stay open for a day. */
export function windowRules(window: Window, final: boolean): WindowRules {
  const sizeMs = window.kind === 'SESSION' ? window.gap.ms : window.size.ms;
  const advanceMs = window.kind === 'HOPPING' ? window.advance.ms : sizeMs;
  if (sizeMs <= 0) throw new StatementError('Window size (sizeMs) must be larger than zero.');
  if (advanceMs <= 0 || advanceMs > sizeMs) {
    throw new StatementError(
      `Window advancement interval should be more than zero and less than window duration which is ${sizeMs} ms, but given advancement interval is: ${advanceMs} ms`,
    );
  }
  const graceMs = window.grace?.ms ?? (final ? 0 : GRACE_MS);
  if (window.retention !== undefined && window.retention.ms < sizeMs + (window.grace?.ms ?? 0)) {
    throw new StatementError(
      `The retention period of the window store must be no smaller than its window size plus the grace period. Got size=[${sizeMs}], grace=[${window.grace?.ms ?? 0}], retention=[${window.retention.ms}]`,
    );
  }
  const retentionMs = Math.max(window.retention?.ms ?? GRACE_MS, sizeMs + graceMs);
  const sessionMs = window.retention?.ms ?? sizeMs + graceMs;
  return { kind: window.kind, sizeMs, advanceMs, graceMs, retentionMs, sessionMs };
}

export const sourceWindow = ({ kind, sizeMs }: WindowRules): SourceWindow => ({
  kind,
  sizeMs: kind === 'SESSION' ? undefined : sizeMs,
});

/** A row's windows by its time. Rows in the same windows get the same objects: a million groups then keep one window. */
export function windowFinder({ sizeMs, advanceMs }: WindowRules): (timestampMs: number) => readonly RowWindow[] {
  let known: readonly RowWindow[] = [];
  return (timestampMs) => {
    const firstMs = Math.max(0, Math.floor((timestampMs - sizeMs + advanceMs) / advanceMs) * advanceMs);
    const lastMs = Math.floor(timestampMs / advanceMs) * advanceMs;
    if (known[0]?.startMs !== firstMs || known.at(-1)?.startMs !== lastMs) {
      known = windowsBetween(firstMs, lastMs, sizeMs, advanceMs);
    }
    return known;
  };
}

/** All windows that hold a time, oldest first; none begins before the epoch. */
function windowsBetween(firstMs: number, lastMs: number, sizeMs: number, advanceMs: number): RowWindow[] {
  const windows: RowWindow[] = [];
  for (let startMs = firstMs; startMs <= lastMs; startMs += advanceMs) {
    windows.push({ startMs, endMs: startMs + sizeMs });
  }
  return windows;
}
