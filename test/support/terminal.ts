import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { waitUntil } from '../../src/support/retry.js';

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  /** Instead of this process's own; CI is left out in any case, since it turns screens off. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A program in a real pseudo-terminal, and the screen as its user sees it. */
export interface Terminal {
  readonly pid: number;
  /** The visible lines, without blanks at their ends and empty lines at the bottom. */
  screen(): string;
  /** Everything that was ever written, escape sequences included. */
  raw(): string;
  /** True while the second screen is shown. */
  alternate(): boolean;
  cursorVisible(): boolean;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the screen once it holds all of these; throws with the screen as it is after 30 s. */
  shows(...texts: ReadonlyArray<string | RegExp>): Promise<string>;
  readonly ended: Promise<{ readonly code: number; readonly signal: number | undefined }>;
}

export const KEYS = { up: '\x1b[A', down: '\x1b[B', enter: '\r', escape: '\x1b', interrupt: '\x03' } as const;

const SHOWS_TIMEOUT_MS = 30_000;

export function openTerminal(command: readonly [string, ...string[]], options: TerminalOptions = {}): Terminal {
  const { columns = 80, rows = 24 } = options;
  const [program, ...args] = command;
  const env: NodeJS.ProcessEnv = { ...(options.env ?? process.env), TERM: 'xterm-256color' };
  for (const name of ['CI', 'CONTINUOUS_INTEGRATION', 'NO_COLOR', 'FORCE_COLOR']) {
    if (options.env?.[name] === undefined || name.startsWith('C')) delete env[name];
  }
  const emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const pty = spawn(program, args, { cols: columns, rows, cwd: options.cwd ?? process.cwd(), env });
  let raw = '';
  let unwritten = 0;
  pty.onData((text) => {
    raw += text;
    unwritten += 1;
    emulator.write(text, () => {
      unwritten -= 1;
    });
  });
  const ended = new Promise<{ code: number; signal: number | undefined }>((resolve) => {
    pty.onExit(({ exitCode, signal }) => resolve({ code: exitCode, signal }));
  }).then(async (ending) => {
    await waitUntil('the rest of the output', async () => unwritten === 0 || undefined, { timeoutMs: 5_000 });
    return ending;
  });
  const screen = (): string => {
    const { active } = emulator.buffer;
    const lines = Array.from({ length: emulator.rows }, (_, row) =>
      (active.getLine(active.viewportY + row)?.translateToString(true) ?? '').trimEnd(),
    );
    return lines.join('\n').trimEnd();
  };
  const holds = (text: string | RegExp): boolean =>
    typeof text === 'string' ? screen().includes(text) : text.test(screen());
  return {
    pid: pty.pid,
    screen,
    raw: () => raw,
    alternate: () => emulator.buffer.active.type === 'alternate',
    cursorVisible: () => raw.lastIndexOf('\x1b[?25h') >= raw.lastIndexOf('\x1b[?25l'),
    type: (keys) => pty.write(keys),
    resize: (newColumns, newRows) => {
      emulator.resize(newColumns, newRows);
      pty.resize(newColumns, newRows);
    },
    kill: (signal) => pty.kill(signal),
    shows: (...texts) =>
      waitUntil(
        () => `${texts.filter((text) => !holds(text)).join(' and ')} on this screen:\n${screen()}\n`,
        async () => (texts.every(holds) ? screen() : undefined),
        { timeoutMs: SHOWS_TIMEOUT_MS, maxPauseMs: 50 },
      ),
    ended,
  };
}
