import { type Key, render, useInput, useStdin } from 'ink';
import type { TailSource } from '../../operations/tail-record.js';
import { enterAlternateScreen } from '../alternate-screen.js';
import { Lines, useClock, useSize } from '../screen.js';
import type { TailKey } from './keys.js';
import { tailLines } from './lines.js';
import { TailModel } from './model.js';

const REDRAW_MS = 100;

interface RenderTailOptions {
  readonly topics: readonly string[];
  /** The signal aborts when the reader leaves. */
  readonly source: (signal: AbortSignal) => TailSource;
  readonly color: boolean;
  /** Applied from the start, as if it had been typed. */
  readonly filter?: string | undefined;
  /** Ends the tail from outside (SIGTERM). */
  readonly signal?: AbortSignal;
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout?: NodeJS.WriteStream;
}

/**
 * The interactive tail on a terminal's second screen, until its reader leaves: by `q` (quit), by Ctrl-C or the
 * signal (interrupted). The terminal is given back before it resolves, or rejects with what ended the source.
 */
export async function renderTail(options: RenderTailOptions): Promise<'quit' | 'interrupted'> {
  const { stdin = process.stdin, stdout = process.stdout, topics, color } = options;
  const model = new TailModel();
  if (options.filter !== undefined) model.filterBy(options.filter);
  const reading = new AbortController();
  const leaveScreen = enterAlternateScreen(stdout);
  const app = render(<Tail model={model} topics={topics} color={color} leave={() => app.unmount()} />, {
    stdin,
    stdout,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 20,
  });
  let failure: { readonly cause: unknown } | undefined;
  const interrupt = (): void => {
    model.press({ kind: 'interrupt' });
    app.unmount();
  };
  options.signal?.addEventListener('abort', interrupt, { once: true });
  model.pump(options.source(reading.signal)).catch((cause: unknown) => {
    if (model.keys.left !== undefined) return; // the reader has left, and with that the source was ended
    failure = { cause };
    app.unmount();
  });
  try {
    await app.waitUntilExit();
  } finally {
    options.signal?.removeEventListener('abort', interrupt);
    reading.abort();
    leaveScreen();
  }
  if (failure !== undefined) throw failure.cause;
  return model.keys.left ?? 'interrupted';
}

interface TailProps {
  readonly model: TailModel;
  readonly topics: readonly string[];
  readonly color: boolean;
  readonly leave: () => void;
}

export function Tail({ model, topics, color, leave }: TailProps) {
  const nowMs = useClock(REDRAW_MS);
  const { columns, rows } = useSize();
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      for (const pressed of keysOf(input, key)) model.press(pressed);
      if (model.keys.left !== undefined) leave();
    },
    { isActive: isRawModeSupported === true }, // without a keyboard only the signal ends it
  );
  const { perSecond } = model.tick(nowMs);
  // Ink wipes a screen that is filled to its last row: one stays free.
  return <Lines lines={tailLines(model, { columns, rows: rows - 1, topics, perSecond })} color={color} />;
}

/** What was pressed; text that was pasted or typed fast comes in one piece and counts key by key. */
function keysOf(input: string, key: Key): TailKey[] {
  if (key.ctrl) return input === 'c' ? [{ kind: 'interrupt' }] : [];
  if (key.upArrow) return [{ kind: 'up' }];
  if (key.downArrow) return [{ kind: 'down' }];
  if (key.pageUp) return [{ kind: 'page-up' }];
  if (key.pageDown) return [{ kind: 'page-down' }];
  if (key.home) return [{ kind: 'home' }];
  if (key.end) return [{ kind: 'end' }];
  if (key.return) return [{ kind: 'enter' }];
  if (key.escape) return [{ kind: 'escape' }];
  if (key.backspace || key.delete) return [{ kind: 'backspace' }];
  return [...input].map((text): TailKey => (text === '\r' ? { kind: 'enter' } : { kind: 'text', text }));
}
