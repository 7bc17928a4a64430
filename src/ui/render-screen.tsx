import { render } from 'ink';
import type { ReactElement } from 'react';
import { enterAlternateScreen } from './alternate-screen.js';

export type Left = 'quit' | 'interrupted';

export interface ScreenOptions {
  /** Ends it from outside (SIGTERM). */
  readonly signal?: AbortSignal;
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout?: NodeJS.WriteStream;
}

/** What fills the screen: drawn by itself, fed by `read` until its signal aborts because the reader has left. */
interface Screen {
  draw(leave: (how: Left) => void): ReactElement;
  read(signal: AbortSignal): Promise<void>;
}

/**
 * Holds a terminal's second screen until its reader leaves, or the signal interrupts it. The terminal is given back before it
 * resolves, or rejects with what ended `read`; an end without a failure leaves the screen as it is.
 */
export async function renderScreen(
  { draw, read }: Screen,
  { stdin = process.stdin, stdout = process.stdout, signal }: ScreenOptions,
): Promise<Left> {
  const reading = new AbortController();
  let left: Left | undefined;
  let failure: { readonly cause: unknown } | undefined;
  const leaveScreen = enterAlternateScreen(stdout);
  const leave = (how: Left): void => {
    left ??= how;
    app.unmount();
  };
  const app = render(draw(leave), { stdin, stdout, exitOnCtrlC: false, patchConsole: false, maxFps: 20 });
  read(reading.signal).catch((cause: unknown) => {
    if (left !== undefined) return; // the reader has left, and with that the source was ended
    failure = { cause };
    app.unmount();
  });
  const interrupt = (): void => leave('interrupted');
  signal?.addEventListener('abort', interrupt, { once: true });
  if (signal?.aborted === true) interrupt();
  try {
    await app.waitUntilExit();
  } finally {
    signal?.removeEventListener('abort', interrupt);
    reading.abort();
    leaveScreen();
  }
  if (failure !== undefined) throw failure.cause;
  return left ?? 'interrupted';
}
