import { Text, useStdout } from 'ink';
import { useEffect, useState } from 'react';
import { type Line, paint } from './text/line.js';

/** Draws prepared lines; they are as wide as they should be. One text node: Ink's layout costs by the node. */
export function Lines({ lines, color }: { readonly lines: readonly Line[]; readonly color: boolean }) {
  return <Text>{lines.map((spans) => paint(spans, color)).join('\n')}</Text>;
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
