import { LOG_LEVELS, type LogLevel } from './log.js';
import { isPlainObject } from './plain-object.js';

/** What a line of any program's log says of itself. */
export interface LogFacts {
  readonly atMs: number | undefined;
  readonly level: LogLevel | undefined;
  /** Of a line that is a JSON object. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** `2026-01-31T12:00:00.123Z`, `2026-01-31 12:00:00,123 UTC`: Java and Python write a comma, PostgreSQL its zone. */
const TIME = /^\W{0,2}(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?/;
const LEVEL = /\b(TRACE|DEBUG|INFO|NOTICE|LOG|WARN|WARNING|ERROR|FATAL|PANIC|CRITICAL|SEVERE)\b/;
/** A level comes before the message, which may speak of errors itself. */
const HEAD_CHARACTERS = 80;

const LEVELS: Readonly<Record<string, LogLevel>> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  NOTICE: 'info',
  LOG: 'info',
  WARN: 'warn',
  WARNING: 'warn',
  ERROR: 'error',
  FATAL: 'error',
  PANIC: 'error',
  CRITICAL: 'error',
  SEVERE: 'error',
};

export function readLogLine(text: string): LogFacts {
  const fields = text.startsWith('{') ? jsonObject(text) : undefined;
  if (fields !== undefined) {
    const { time, timestamp, ts, level, severity } = fields;
    return {
      fields,
      atMs: timeOfField(timestamp ?? time ?? ts ?? fields['@timestamp']),
      level: levelOf(level ?? severity),
    };
  }
  const [, day, clock, fraction = '0', zone = 'Z'] = TIME.exec(text) ?? [];
  const offset = zone === 'UTC' || zone === 'GMT' ? 'Z' : zone;
  const atMs = day === undefined ? undefined : Date.parse(`${day}T${clock}.${fraction.slice(0, 3)}${offset}`);
  return { fields, atMs, level: LEVELS[LEVEL.exec(text.slice(0, HEAD_CHARACTERS))?.[1] ?? ''] };
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** ISO 8601, or seconds or milliseconds since 1970. */
function timeOfField(value: unknown): number | undefined {
  if (typeof value === 'number') return value < 1e11 ? value * 1000 : value;
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** A word, or pino's number: 30 is info, 40 warn, 50 error. */
function levelOf(value: unknown): LogLevel | undefined {
  if (typeof value === 'string') return LEVELS[value.toUpperCase()];
  if (typeof value !== 'number') return undefined;
  return LOG_LEVELS[Math.min(3, Math.max(0, Math.floor(value / 10) - 2))];
}

/**
 * Reads the lines of one log in their order: one without a time or a level of its own (a stack trace, a table) belongs to
 * the line before it.
 */
export function logLineReader(): (text: string) => LogFacts {
  let last: LogFacts = { atMs: undefined, level: undefined, fields: undefined };
  return (text) => {
    const found = readLogLine(text);
    const isNew = found.atMs !== undefined || found.level !== undefined;
    last = { atMs: found.atMs ?? last.atMs, level: isNew ? found.level : last.level, fields: found.fields };
    return last;
  };
}
