import { offsetMs } from '../../protocol/time-zone.js';

const DAY_MS = 86_400_000;
const two = (value: number): string => String(value).padStart(2, '0');

/** `2020-01-31` from days since the epoch. */
export const formatDate = (days: number): string => new Date(days * DAY_MS).toISOString().slice(0, 10);

/** `23:59:59` or `23:59:59.123`: as Java's LocalTime prints itself, `23:59` without seconds. */
export function formatTime(ms: number): string {
  const time = new Date(ms);
  const [seconds, fraction] = [time.getUTCSeconds(), time.getUTCMilliseconds()];
  const start = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
  if (fraction !== 0) return `${start}:${two(seconds)}.${String(fraction).padStart(3, '0')}`;
  return seconds === 0 ? start : `${start}:${two(seconds)}`;
}

/** `2020-01-31T23:59:59.000`, in UTC. */
export const formatTimestamp = (ms: number): string => new Date(ms).toISOString().replace(/Z$/, '');

/** Days since the epoch; throws RangeError. */
export function parseDate(text: string): number {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text.trim());
  const partial = /^(\d{4})(?:-(\d{1,2}))?$/.exec(text.trim());
  const found = match ?? partial;
  if (found === null) throw new RangeError(`Failed to parse date '${text}'`);
  const [year, month, day] = [Number(found[1]), Number(found[2] ?? 1), Number(found[3] ?? 1)];
  return utcMs(year, month, day, text) / DAY_MS;
}

function utcMs(year: number, month: number, day: number, text: string): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw new RangeError(`no such day: ${text}`);
  return date.getTime();
}

/** Milliseconds since midnight; throws RangeError. */
export function parseTime(text: string): number {
  const match = /^(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?(?:\.(\d{1,9}))?$/.exec(text.trim());
  if (match === null) throw new RangeError(`Failed to parse time '${text}'`);
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) throw new RangeError(`no such time: ${text}`);
  const ms = Number((match[4] ?? '').padEnd(3, '0').slice(0, 3));
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms;
}

/**
 * Milliseconds since the epoch of `2020`, `2020-01`, `2020-01-31`, `2020-01-31T23`, `…T23:59:59.123`, with an
 * optional zone (`Z`, `+0100`, `+01:00`, `Europe/Paris`); without one it is UTC. Throws RangeError.
 */
export function parseTimestamp(text: string): number {
  const match =
    /^(\d{4}(?:-\d{1,2}(?:-\d{1,2})?)?)(?:[T ]([\d:.]*))?\s*(Z|[+-]\d{2}:?\d{2}|[A-Za-z]+\/[A-Za-z_]+)?$/.exec(
      text.trim(),
    );
  if (match === null) throw new RangeError(`Failed to parse timestamp '${text}'`);
  const day = parseDate(match[1] ?? '') * DAY_MS;
  const local = day + (match[2] ? parseTime(match[2]) : 0);
  return local - offsetMs(match[3] ?? 'Z', local);
}
