import { writeSync } from 'node:fs';

/** From the least to the worst. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** Where embedded servers and the supervisor report; one line an event, never a secret. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log that writes `2026-11-21T04:35:35.123Z INFO  message  key=value` lines. */
export function lineLog(
  write: (line: string) => void,
  least: LogLevel = 'info',
  now: () => Date = () => new Date(),
): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
      const pairs = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => `  ${key}=${value}`);
      write(`${now().toISOString()} ${level.toUpperCase().padEnd(5)} ${message}${pairs.join('')}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/**
 * The log of a process whose output goes to a file. A line that can't be written (a full disk) is lost, but neither ends
 * the process nor, as with process.stdout, silences it for good.
 */
export const outputLog: Log = lineLog((line) => {
  try {
    writeSync(1, line);
  } catch {
    // There is nowhere left to report it.
  }
});

export const silentLog: Log = lineLog(() => {});
