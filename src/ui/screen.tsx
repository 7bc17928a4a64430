import { Text, useStdout } from 'ink';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { type Line, paint } from './text/line.js';

/** Draws prepared lines; they are as wide as they should be. One text node: Ink's layout costs by the node. */
export function Lines({ lines, color }: { readonly lines: readonly Line[]; readonly color: boolean }) {
  return <Text>{lines.map((spans) => paint(spans, color)).join('\n')}</Text>;
}

/**
 * Fills the terminal's second screen with prepared lines; only those that changed are written. Ink's own output makes some objects
 * for each character of each frame, a megabyte or more: where records arrive fast, the garbage collector then keeps all of them
 * that are on their way through memory.
 */
export function FullScreen({ lines, color }: { readonly lines: readonly Line[]; readonly color: boolean }) {
  const { stdout } = useStdout();
  const { columns, rows } = useSize();
  const shown = useRef<{ readonly size: string; readonly lines: readonly string[] }>({ size: '', lines: [] });
  const size = `${columns}x${rows}`;
  const painted = lines.map((spans) => paint(spans, color));
  useLayoutEffect(() => {
    const before = shown.current.size === size ? shown.current.lines : undefined;
    shown.current = { size, lines: painted };
    const frame = frameOf(painted, before);
    if (frame !== '') stdout.write(`${BEGIN_FRAME}${frame}${END_FRAME}`);
  });
  return null;
}

/** The terminal shows what is between them at once, or ignores them. */
const [BEGIN_FRAME, END_FRAME] = ['\x1b[?2026h', '\x1b[?2026l'];

/** What turns the lines that are shown into these; without any, the whole screen is drawn anew. */
function frameOf(lines: readonly string[], before: readonly string[] | undefined): string {
  // A row is erased before it is written: after its last column the terminal would erase that one too.
  const rows = lines.map((text, row) => (text === before?.[row] ? '' : `\x1b[${row + 1};1H\x1b[2K${text}`)).join('');
  if (before === undefined) return `\x1b[2J${rows}`;
  return before.length > lines.length ? `${rows}\x1b[${lines.length + 1};1H\x1b[J` : rows;
}

/** A monotonic clock that redraws its component every `everyMs`. */
export function useClock(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The terminal's size, followed while it changes. */
export function useSize(): Size {
  const { stdout } = useStdout();
  const read = (): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const [size, setSize] = useState(read);
  useEffect(() => {
    const onResize = () => setSize(read());
    stdout.on('resize', onResize);
    return () => void stdout.off('resize', onResize);
  });
  return size;
}
