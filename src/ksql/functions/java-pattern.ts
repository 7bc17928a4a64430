import { offsetMs, zoneOffsetAt } from '../../protocol/time-zone.js';

/**
 * Java's DateTimeFormatter patterns, as ksqlDB's date functions take them, in English.
 * Letters: G y u M L d D E e a H k K h m s S n A Q w z Z X x O V, quoted text, [optional] sections.
 */
interface Part {
  readonly letter: string;
  readonly count: number;
  readonly text: string;
}

/** How often Java takes a letter in a row. */
const COUNT_MAX: Readonly<Record<string, number>> = {
  ...{
    u: 19,
    y: 19,
    Y: 19,
    S: 9,
    n: 19,
    N: 19,
    A: 19,
    D: 3,
    M: 5,
    L: 5,
    Q: 5,
    q: 5,
    E: 5,
    e: 5,
    c: 5,
    a: 1,
    G: 5,
    w: 2,
  },
  ...{ z: 4, X: 5, x: 5, Z: 5, O: 4, V: 2 },
};
const COUNT_MAX_OTHERS = 2;

const known = new Map<string, readonly Part[]>();

/** Throws RangeError for a letter that means nothing. */
export function patternParts(pattern: string): readonly Part[] {
  const cached = known.get(pattern);
  if (cached !== undefined) return cached;
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; ) {
    const char = pattern[at] ?? '';
    if (char === "'") {
      let text = '';
      at += 1;
      if (pattern[at] === "'") {
        text = "'";
        at += 1;
      } else {
        for (; at < pattern.length; at += 1) {
          if (pattern[at] !== "'") text += pattern[at];
          else if (pattern[at + 1] === "'") {
            text += "'";
            at += 1;
          } else break;
        }
        if (at >= pattern.length) throw new RangeError(`Pattern ends with an incomplete string literal: ${pattern}`);
        at += 1;
      }
      parts.push({ letter: '', count: 0, text });
    } else if (/[A-Za-z]/.test(char)) {
      let count = 1;
      while (pattern[at + count] === char) count += 1;
      if (!'GyuMLdDEeaHkKhmsSnAQwzZXxOV'.includes(char)) throw new RangeError(`Unknown pattern letter: ${char}`);
      if (count > (COUNT_MAX[char] ?? COUNT_MAX_OTHERS)) throw new RangeError(`Too many pattern letters: ${char}`);
      parts.push({ letter: char, count, text: '' });
      at += count;
    } else if (char === '[' || char === ']') {
      parts.push({ letter: char, count: 0, text: '' });
      at += 1;
    } else {
      parts.push({ letter: '', count: 0, text: char });
      at += 1;
    }
  }
  if (known.size > 1000) known.clear();
  known.set(pattern, parts);
  return parts;
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const DAY_MS = 86_400_000;

const pad = (value: number, count: number): string =>
  value < 0 ? `-${String(-value).padStart(count, '0')}` : String(value).padStart(count, '0');

/** An instant (or, with zone UTC, a local time) in a pattern. */
export function formatJava(pattern: string, ms: number, zone = 'UTC'): string {
  const offset = zoneOffsetAt(zone, ms);
  const local = new Date(ms + offset);
  return patternParts(pattern)
    .map((part) => (part.letter === '' ? part.text : formatPart(part, local, offset, zone)))
    .join('');
}

function formatPart({ letter, count }: Part, local: Date, offset: number, zone: string): string {
  const hour = local.getUTCHours();
  switch (letter) {
    case 'G':
      return 'AD';
    case 'y':
    case 'u':
      return count === 2 ? pad(local.getUTCFullYear() % 100, 2) : pad(local.getUTCFullYear(), count);
    case 'M':
    case 'L':
      return name(MONTHS, local.getUTCMonth(), count) ?? pad(local.getUTCMonth() + 1, count);
    case 'd':
      return pad(local.getUTCDate(), count);
    case 'D':
      return pad(dayOfYear(local), count);
    case 'E':
      return name(DAYS, local.getUTCDay(), Math.max(count, 3)) ?? '';
    case 'e':
      return name(DAYS, local.getUTCDay(), count) ?? pad(local.getUTCDay() + 1, count);
    case 'Q':
      return pad(Math.floor(local.getUTCMonth() / 3) + 1, count);
    case 'w':
      return pad(weekOfYear(local), count);
    case 'a':
      return hour < 12 ? 'AM' : 'PM';
    case 'H':
      return pad(hour, count);
    case 'k':
      return pad(hour === 0 ? 24 : hour, count);
    case 'K':
      return pad(hour % 12, count);
    case 'h':
      return pad(hour % 12 === 0 ? 12 : hour % 12, count);
    case 'm':
      return pad(local.getUTCMinutes(), count);
    case 's':
      return pad(local.getUTCSeconds(), count);
    case 'S':
      return pad(local.getUTCMilliseconds(), 3).padEnd(count, '0').slice(0, count);
    case 'n':
      return pad(local.getUTCMilliseconds() * 1_000_000, count);
    case 'A':
      return pad(((local.getTime() % DAY_MS) + DAY_MS) % DAY_MS, count);
    case 'V':
      return zone;
    case 'z':
      if (zone === 'UTC') return count >= 4 ? 'Coordinated Universal Time' : 'UTC';
      return count >= 4
        ? zoneName('en-US', 'long', local.getTime() - offset, zone)
        : shortZone(local.getTime() - offset, zone);
    case 'O':
      return offset === 0 ? 'GMT' : `GMT${offsetText(offset, ':')}`;
    case 'X':
      return offset === 0 ? 'Z' : offsetPattern(offset, count);
    case 'x':
      return offsetPattern(offset, count);
    case 'Z':
      return count === 4
        ? `GMT${offset === 0 ? '' : offsetText(offset, ':')}`
        : offsetText(offset, count === 5 ? ':' : '');
    default:
      return '';
  }
}

const name = (names: readonly string[], at: number, count: number): string | undefined =>
  count < 3 ? undefined : count === 3 ? names[at]?.slice(0, 3) : count === 5 ? names[at]?.slice(0, 1) : names[at];

function dayOfYear(local: Date): number {
  return Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}

/** As in the United States: weeks begin on Sunday, the first holds January 1. */
function weekOfYear(local: Date): number {
  const first = new Date(Date.UTC(local.getUTCFullYear(), 0, 1)).getUTCDay();
  return Math.floor((dayOfYear(local) - 1 + first) / 7) + 1;
}

function shortZone(instantMs: number, zone: string): string {
  for (const locale of ZONE_LOCALES) {
    const short = zoneName(locale, 'short', instantMs, zone);
    if (!/^(GMT|UTC)[+-]/.test(short)) return short;
  }
  const words = zoneName('en-US', 'long', instantMs, zone).split(' ');
  return words.at(-1) === 'Time' ? words.map((word) => word.slice(0, 1)).join('') : zone;
}

/** Each locale knows the short names of its own part of the world; Java knows them all. */
const ZONE_LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN'];

function zoneName(locale: string, length: 'short' | 'long', instantMs: number, zone: string): string {
  const format = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: length });
  return format.formatToParts(instantMs).find(({ type }) => type === 'timeZoneName')?.value ?? zone;
}

function offsetText(offset: number, colon: string): string {
  const minutes = Math.abs(offset) / 60_000;
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}${colon}${pad(Math.floor(minutes % 60), 2)}`;
}

/** X: hours, minutes only if any; XX +HHmm; XXX +HH:mm. */
function offsetPattern(offset: number, count: number): string {
  const full = offsetText(offset, count === 3 || count === 5 ? ':' : '');
  return count === 1 && full.endsWith('00') ? full.slice(0, 3) : full;
}

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number | undefined;
  hour12: number | undefined;
  pm: boolean | undefined;
  minute: number;
  second: number;
  ms: number;
  dayOfYear: number | undefined;
  zone: string | undefined;
}

/** Parses text by a pattern; what the pattern lacks is the start of 1970. Throws RangeError. */
export function parseJava(pattern: string, text: string, zone = 'UTC'): number {
  const fields: Fields = {
    year: 1970,
    month: 1,
    day: 1,
    hour: undefined,
    hour12: undefined,
    pm: undefined,
    minute: 0,
    second: 0,
    ms: 0,
    dayOfYear: undefined,
    zone: undefined,
  };
  const parts = patternParts(pattern);
  const rest = consume(parts, 0, parts.length, text, fields);
  if (rest !== '') throw new RangeError(`Text '${text}' could not be parsed, unparsed text found: '${rest}'`);
  const hour = fields.hour ?? (fields.hour12 === undefined ? 0 : (fields.hour12 % 12) + (fields.pm ? 12 : 0));
  const date = new Date(0);
  date.setUTCFullYear(fields.year, fields.month - 1, fields.day);
  if (date.getUTCDate() !== fields.day || fields.month > 12 || hour > 24 || fields.minute > 59 || fields.second > 59) {
    throw new RangeError(`Text '${text}' could not be parsed: it is no such time`);
  }
  if (fields.dayOfYear !== undefined) date.setTime(Date.UTC(fields.year, 0, 1) + (fields.dayOfYear - 1) * DAY_MS);
  const local = date.getTime() + ((hour * 60 + fields.minute) * 60 + fields.second) * 1000 + fields.ms;
  return local - offsetMs(fields.zone ?? zone, local);
}

function consume(parts: readonly Part[], from: number, to: number, start: string, fields: Fields): string {
  let text = start;
  for (let at = from; at < to; at += 1) {
    const part = parts[at];
    if (part === undefined || part.letter === ']') continue;
    if (part.letter === '[') {
      let end = at + 1;
      while (end < to && parts[end]?.letter !== ']') end += 1;
      try {
        text = consume(parts, at + 1, end, text, fields);
      } catch {
        // An optional section that is not there: the text continues with what follows it.
      }
      at = end;
    } else if (part.letter === '') {
      if (!text.startsWith(part.text)) throw unparsable(text, part.text);
      text = text.slice(part.text.length);
    } else text = text.slice(consumePart(part, text, parts[at + 1], fields));
  }
  return text;
}

const unparsable = (text: string, wanted: string): RangeError =>
  new RangeError(`Text could not be parsed at '${text}': expected ${wanted}`);

/** Returns how many characters it took. */
function consumePart(part: Part, text: string, next: Part | undefined, fields: Fields): number {
  const { letter, count } = part;
  const take = (pattern: RegExp): string => {
    const found = pattern.exec(text)?.[0];
    if (found === undefined) throw unparsable(text, letter.repeat(count));
    return found;
  };
  if (letter === 'X' || letter === 'x' || letter === 'Z' || letter === 'O') {
    const found = take(/^(?:Z|(?:GMT|UTC)?[+-]\d{1,2}(?::?\d{2})?|GMT|UTC)/);
    fields.zone = found;
    return found.length;
  }
  if (letter === 'V' || letter === 'z') {
    const found = take(/^[A-Za-z_]+(?:\/[A-Za-z_]+)*(?:[+-]\d+)?/);
    fields.zone = found;
    return found.length;
  }
  if (letter === 'a') {
    const found = take(/^[AaPp][Mm]/);
    fields.pm = /^p/i.test(found);
    return found.length;
  }
  if (count >= 3 && 'MLEe'.includes(letter)) {
    const names = letter === 'M' || letter === 'L' ? MONTHS : DAYS;
    const shown = names.map((each, at) => ({ each: count === 3 ? each.slice(0, 3) : each, at }));
    const found = shown.find(({ each }) => text.startsWith(each));
    if (found === undefined) throw unparsable(text, letter.repeat(count));
    if (names === MONTHS) fields.month = found.at + 1;
    return found.each.length;
  }
  if (letter === 'E' || letter === 'G') return take(letter === 'G' ? /^AD|^BC/ : /^[A-Z][a-z]{2}/).length;
  // Adjacent numbers have the width of their letters; alone, one letter takes all digits there are.
  const adjacent = next !== undefined && next.letter !== '' && /[a-zA-Z]/.test(next.letter);
  const digits =
    letter === 'S' ? `{${count}}` : adjacent || count === 2 ? `{${count}}` : count === 1 ? '{1,10}' : `{${count},}`;
  const found = take(new RegExp(`^\\d${digits}`));
  assign(fields, letter, count, found);
  return found.length;
}

function assign(fields: Fields, letter: string, count: number, digits: string): void {
  const value = Number(digits);
  if (letter === 'y' || letter === 'u') fields.year = count === 2 ? 2000 + value : value;
  else if (letter === 'M' || letter === 'L') fields.month = value;
  else if (letter === 'd') fields.day = value;
  else if (letter === 'D') fields.dayOfYear = value;
  else if (letter === 'H' || letter === 'k') fields.hour = value % 24;
  else if (letter === 'h' || letter === 'K') fields.hour12 = value;
  else if (letter === 'm') fields.minute = value;
  else if (letter === 's') fields.second = value;
  else if (letter === 'S') fields.ms = Number(digits.padEnd(3, '0').slice(0, 3));
  else if (letter === 'n') fields.ms = Math.floor(value / 1_000_000);
}
