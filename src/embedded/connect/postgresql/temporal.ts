import { int64 } from '../data/schema.js';

/** A point in time in microseconds; a number while that is exact. */
export type Micros = number | bigint;

const MICROS_OF_DAY = 86_400_000_000;
const SAFE_DAYS = 100_000; // beyond the year 2243 microseconds leave the safe integers

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The limits of pgjdbc stand for infinity, here in microseconds. */
const POSITIVE_INFINITY_US = 9_223_372_036_825_200_000n;
const NEGATIVE_INFINITY_US = -9_223_372_036_832_400_000n;

const DATE = /^(\d{4,})-(\d\d)-(\d\d)( BC)?$/;

/** PostgreSQL's text of a date (ISO style) in days since 1970. */
export function daysOfDate(text: string): number {
  if (text === 'infinity') return 2_147_483_647;
  if (text === '-infinity') return -2_147_483_648;
  const match = DATE.exec(text);
  if (match === null) throw new Error(`not a date: ${text}`);
  const year = Number(match[1]);
  return daysFromCivil(match[4] === undefined ? year : 1 - year, Number(match[2]), Number(match[3]));
}

/** "12:34:56.789" in microseconds since midnight. */
export function microsOfTime(text: string): number {
  const hours = Number(text.slice(0, 2));
  const minutes = Number(text.slice(3, 5));
  const seconds = Number(text.slice(6, 8));
  return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fractionMicros(text, 8);
}

function fractionMicros(text: string, at: number): number {
  if (text.charCodeAt(at) !== 46) return 0;
  let micros = 0;
  for (let index = 1; index <= 6; index++) {
    const digit = text.charCodeAt(at + index) - 48;
    micros = micros * 10 + (digit >= 0 && digit <= 9 ? digit : 0);
  }
  return micros;
}

/** PostgreSQL's text of a timestamp (ISO style, in UTC where it has a zone) in microseconds since 1970. */
export function microsOfTimestamp(text: string): Micros {
  if (text === 'infinity') return POSITIVE_INFINITY_US;
  if (text === '-infinity') return NEGATIVE_INFINITY_US;
  const space = text.indexOf(' ');
  const bc = text.endsWith(' BC');
  const days = daysOfDate(text.slice(0, space) + (bc ? ' BC' : ''));
  const micros = microsOfTime(text.slice(space + 1));
  if (days > -SAFE_DAYS && days < SAFE_DAYS) return days * MICROS_OF_DAY + micros;
  return int64(BigInt(days) * BigInt(MICROS_OF_DAY) + BigInt(micros));
}

/** Rounds down, as Java's Math.floorDiv does. */
export function floorDivide(value: Micros, divisor: number): Micros {
  if (typeof value === 'number') return Math.floor(value / divisor);
  const by = BigInt(divisor);
  const quotient = value / by;
  return int64(value % by < 0n ? quotient - 1n : quotient);
}

/** What does not fit into 64 bits wraps around, as Java's multiplication does. */
export function times1000(value: Micros): Micros {
  if (typeof value === 'number' && value > -9e12 && value < 9e12) return value * 1000;
  return int64(BigInt.asIntN(64, BigInt(value) * 1000n));
}

/** "2026-11-21 02:31:12.23343+00" → "2026-11-21T02:31:12.233430Z": always as many fraction digits as are declared. */
export function zonedTimestamp(text: string, digits: number): string {
  if (text === 'infinity' || text === '-infinity') return text;
  const bc = text.endsWith(' BC');
  const body = bc ? text.slice(0, -3) : text;
  const zone = body.lastIndexOf('+');
  const date = isoDay(body.slice(0, body.indexOf(' ')), bc);
  const time = padFraction(body.slice(body.indexOf(' ') + 1, zone === -1 ? undefined : zone), digits);
  return `${date}T${time}Z`;
}

/** ISO 8601 as Java writes it: a year of five digits has a sign, those before Christ are counted from 0 down. */
function isoDay(date: string, bc: boolean): string {
  const yearEnd = date.indexOf('-');
  if (!bc) return yearEnd > 4 ? `+${date}` : date;
  const year = Number(date.slice(0, yearEnd)) - 1;
  return `${year === 0 ? '' : '-'}${String(year).padStart(4, '0')}${date.slice(yearEnd)}`;
}

/** "2024-02-29" → "2024-02-29Z" */
export function isoDate(text: string): string {
  if (text === 'infinity') return '+999999999-12-31Z';
  if (text === '-infinity') return '-999999999-01-01Z';
  const bc = text.endsWith(' BC');
  return `${isoDay(bc ? text.slice(0, -3) : text, bc)}Z`;
}

/** The end of a day is the beginning of one: Java's LocalTime has no 24:00. */
export const isoTime = (text: string): string => `${text.startsWith('24:') ? '00:00:00' : text}Z`;

/** "2026-11-21 02:31:12.5" → "2026-11-21T02:31:12.5Z" */
export function isoTimestamp(text: string): string {
  if (text === 'infinity') return '+294247-01-10T04:00:25.2Z';
  if (text === '-infinity') return '-290308-12-21T19:59:27.6Z';
  const bc = text.endsWith(' BC');
  const [date = '', time = ''] = text.split(' ');
  return `${isoDay(date, bc)}T${padFraction(time, Math.max(0, time.length - 9))}Z`;
}

function padFraction(time: string, digits: number): string {
  const whole = time.slice(0, 8);
  if (digits === 0) return whole;
  return `${whole}.${time.slice(9).padEnd(digits, '0').slice(0, digits)}`;
}

/** "12:34:56+02:30" → the same moment of the day in UTC, with a Z. */
export function zonedTime(text: string): string {
  const match = /^(\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(text);
  if (match === null) throw new Error(`not a time with zone: ${text}`);
  const [, hours, minutes, seconds, fraction, sign, zoneHours, zoneMinutes, zoneSeconds] = match;
  const of = (h = '0', m = '0', s = '0'): number => Number(h) * 3600 + Number(m) * 60 + Number(s);
  const offset = of(zoneHours, zoneMinutes, zoneSeconds) * (sign === '-' ? -1 : 1);
  const total = (((of(hours, minutes, seconds) - offset) % 86_400) + 86_400) % 86_400;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${two(total / 3600)}:${two((total / 60) % 60)}:${two(total % 60)}${fraction ?? ''}Z`;
}

interface Interval {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly micros: number;
}

/** PostgreSQL's text of an interval in style `postgres`: "1 year 2 mons -3 days 04:05:06.7". */
function parseInterval(text: string): Interval {
  const unit = (name: string): number => Number(new RegExp(`([+-]?\\d+) ${name}s?\\b`).exec(text)?.[1] ?? 0);
  const time = /([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(text);
  const sign = time?.[1] === '-' ? -1 : 1;
  const fraction = Number((time?.[5] ?? '').padEnd(6, '0').slice(0, 6) || 0);
  return {
    years: unit('year'),
    months: unit('mon'),
    days: unit('day'),
    hours: sign * Number(time?.[2] ?? 0),
    minutes: sign * Number(time?.[3] ?? 0),
    micros: sign * (Number(time?.[4] ?? 0) * 1_000_000 + fraction),
  };
}

/** In microseconds, a month counted as 30.4375 days (365.25 / 12) as Debezium's MicroDuration does. */
export function intervalMicros(text: string): Micros {
  const { years, months, days, hours, minutes, micros } = parseInterval(text);
  const monthDays = (years * 12 + months) * (365.25 / 12) + days;
  return saturated(Math.trunc(monthDays * MICROS_OF_DAY) + (hours * 60 + minutes) * 60_000_000 + micros);
}

const INT64_MAX = 2n ** 63n - 1n;

/** What does not fit becomes the greatest or smallest number, as in a Java cast. */
function saturated(value: number): Micros {
  if (Number.isSafeInteger(value)) return value;
  const whole = BigInt(value);
  if (whole > INT64_MAX) return INT64_MAX;
  return whole < -INT64_MAX - 1n ? -INT64_MAX - 1n : whole;
}

/** ISO 8601 with every part: "P1Y2M-3DT4H5M6.7S". */
export function intervalText(text: string): string {
  const { years, months, days, hours, minutes, micros } = parseInterval(text);
  const seconds = (micros / 1_000_000).toFixed(6).replace(/\.?0+$/, '');
  return `P${years}Y${months}M${days}DT${hours}H${minutes}M${seconds}S`;
}
