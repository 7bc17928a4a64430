import { useInput, useStdin } from 'ink';
import type { StatusReport } from '../../kinds/status-report.js';
import { type Left, renderScreen, type ScreenOptions } from '../render-screen.js';
import { Lines, useClock, useSize } from '../screen.js';
import { type Line, line, span } from '../text/line.js';
import { clockTime, span as howLong } from '../text/quantities.js';
import { statusLines } from '../text/status.js';

const REDRAW_MS = 250;
/** A report older than this says so: what is drawn may no longer be true. */
const STALE_MS = 5_000;

interface RenderStatusOptions extends ScreenOptions {
  /** Newer reports replace older ones. The signal aborts when the reader leaves. */
  readonly source: (signal: AbortSignal) => AsyncIterable<StatusReport>;
  readonly color: boolean;
}

export interface Latest {
  report: StatusReport | undefined;
  atMs: number;
}

/** `status --watch` on a terminal's second screen until q (quit), Ctrl-C or the signal (interrupted); rejects with what ended the source. */
export function renderStatus({ source, color, ...options }: RenderStatusOptions): Promise<Left> {
  const latest: Latest = { report: undefined, atMs: 0 };
  const read = async (signal: AbortSignal): Promise<void> => {
    for await (const report of source(signal)) {
      latest.report = report;
      latest.atMs = performance.now();
    }
  };
  const draw = (leave: (how: Left) => void) => <Status latest={latest} color={color} leave={leave} />;
  return renderScreen({ draw, read }, options);
}

interface StatusProps {
  readonly latest: Latest;
  readonly color: boolean;
  readonly leave: (how: Left) => void;
}

export function Status({ latest, color, leave }: StatusProps) {
  const nowMs = useClock(REDRAW_MS);
  const { columns, rows } = useSize();
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      if (key.ctrl && input === 'c') leave('interrupted');
      else if (input === 'q') leave('quit');
    },
    { isActive: isRawModeSupported === true }, // without a keyboard only the signal ends it
  );
  const { report, atMs } = latest;
  const body: Line[] = report === undefined ? [line(span('asking…', 'dim'))] : statusLines(report, { columns });
  const stale = nowMs - atMs > STALE_MS && report !== undefined ? `   no answer for ${howLong(nowMs - atMs)}` : '';
  // Ink wipes a screen that is filled to its last row: one stays free.
  const room = Math.max(1, rows - 2);
  const cut = body.length > room ? [...body.slice(0, room - 1), line(span('… more than fits', 'dim'))] : body;
  const filled = [...cut, ...Array.from({ length: room - cut.length }, () => line())];
  const footer = line(span(`q quit   ${clockTime(Date.now()).slice(0, 8)}`, 'dim'), span(stale, 'wait'));
  return <Lines lines={[...filled, footer]} color={color} />;
}
