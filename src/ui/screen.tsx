import { Box, Text, useStdout } from 'ink';
import { useEffect, useState } from 'react';
import { type Line, paint } from './text/line.js';

/** Draws prepared lines, one a row; they are already as wide as they should be. */
export function Lines({ lines, color }: { readonly lines: readonly Line[]; readonly color: boolean }) {
  return (
    <Box flexDirection="column">
      {lines.map((spans, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
        <Text key={at} wrap="truncate-end">
          {paint(spans, color) || ' '}
        </Text>
      ))}
    </Box>
  );
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
