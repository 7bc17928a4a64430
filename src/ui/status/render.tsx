import { render, useInput, useStdin } from 'ink';
import type { StatusReport } from '../../operations/status-report.js';
import { enterAlternateScreen } from '../alternate-screen.js';
import { Lines, useClock, useSize } from '../screen.js';
import { type Line, line, span } from '../text/line.js';
import { clockTime, span as howLong } from '../text/quantities.js';
import { statusLines } from '../text/status.js';

const REDRAW_MS = 250;
/** A report older than this says so: what is drawn may no longer be true. */
const STALE_MS = 5_000;

interface RenderStatusOptions {
  /** Newer reports replace older ones. The signal aborts when the reader leaves. */
  readonly source: (signal: AbortSignal) => AsyncIterable<StatusReport>;
  readonly color: boolean;
  readonly verbose?: boolean;
  /** Ends it from outside (SIGTERM). */
  readonly signal?: AbortSignal;
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout?: NodeJS.WriteStream;
}

export interface Latest {
  report: StatusReport | undefined;
  atMs: number;
}

/** `status --watch` on a terminal's second screen until q (quit), Ctrl-C or the signal (interrupted); rejects with what ended the source. */
export async function renderStatus(options: RenderStatusOptions): Promise<'quit' | 'interrupted'> {
  const { stdin = process.stdin, stdout = process.stdout, color, verbose = false } = options;
  const latest: Latest = { report: undefined, atMs: 0 };
  const reading = new AbortController();
  let left: 'quit' | 'interrupted' | undefined;
  let failure: { readonly cause: unknown } | undefined;
  const leaveScreen = enterAlternateScreen(stdout);
  const leave = (how: 'quit' | 'interrupted'): void => {
    left = how;
    app.unmount();
  };
  const app = render(<Status latest={latest} color={color} verbose={verbose} leave={leave} />, {
    stdin,
    stdout,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 20,
  });
  const read = async (): Promise<void> => {
    for await (const report of options.source(reading.signal)) {
      latest.report = report;
      latest.atMs = performance.now();
    }
  };
  read().catch((cause: unknown) => {
    if (left !== undefined) return; // the reader has left, and with that the source was ended
    failure = { cause };
    app.unmount();
  });
  const interrupt = () => leave('interrupted');
  options.signal?.addEventListener('abort', interrupt, { once: true });
  try {
    await app.waitUntilExit();
  } finally {
    options.signal?.removeEventListener('abort', interrupt);
    reading.abort();
    leaveScreen();
  }
  if (failure !== undefined) throw failure.cause;
  return left ?? 'interrupted';
}

interface StatusProps {
  readonly latest: Latest;
  readonly color: boolean;
  readonly verbose: boolean;
  readonly leave: (how: 'quit' | 'interrupted') => void;
}

export function Status({ latest, color, verbose, leave }: StatusProps) {
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
  const body: Line[] =
    report === undefined ? [line(span('asking…', 'dim'))] : statusLines(report, { columns, verbose });
  const stale = nowMs - atMs > STALE_MS && report !== undefined ? `   no answer for ${howLong(nowMs - atMs)}` : '';
  // Ink wipes a screen that is filled to its last row: one stays free.
  const room = Math.max(1, rows - 2);
  const cut = body.length > room ? [...body.slice(0, room - 1), line(span('… more than fits', 'dim'))] : body;
  const filled = [...cut, ...Array.from({ length: room - cut.length }, () => line())];
  const footer = line(span(`q quit   ${clockTime(Date.now()).slice(0, 8)}`, 'dim'), span(stale, 'wait'));
  return <Lines lines={[...filled, footer]} color={color} />;
}
