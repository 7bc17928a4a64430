import { offsetMs, zoneOffsetAt } from '../../protocol/time-zone.js';
import { type ScalarFunction, scalar, type Variant, variant } from './definition.js';
import { formatJava, parseJava } from './java-pattern.js';

const DAY_MS = 86_400_000;

const UNIT_MS: Readonly<Record<string, number>> = {
  MILLISECOND: 1,
  SECOND: 1_000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: DAY_MS,
  WEEK: 7 * DAY_MS,
};

/** Months and years move on the calendar: January 31 and one month is the end of February. */
function moved(ms: number, unit: string, count: number): number {
  const name = unit.toUpperCase().replace(/S$/, '');
  const size = UNIT_MS[name];
  if (size !== undefined) return ms + size * count;
  const months = name === 'MONTH' ? count : name === 'YEAR' ? 12 * count : undefined;
  if (months === undefined) throw new RangeError(`Unknown unit of time: ${unit}`);
  const date = new Date(ms);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime();
}

const wrapped = (ms: number): number => ((ms % DAY_MS) + DAY_MS) % DAY_MS;

const timestamps = (sign: 1 | -1): Variant =>
  variant('(INTERVALUNIT, INTEGER, TIMESTAMP) TIMESTAMP', (unit: string, count: number, at: number) =>
    moved(at, unit, sign * count),
  );
const dates = (sign: 1 | -1): Variant =>
  variant('(INTERVALUNIT, INTEGER, DATE) DATE', (unit: string, count: number, days: number) =>
    Math.floor(moved(days * DAY_MS, unit, sign * count) / DAY_MS),
  );
const times = (sign: 1 | -1): Variant =>
  variant('(INTERVALUNIT, INTEGER, TIME) TIME', (unit: string, count: number, ms: number) =>
    wrapped(moved(ms, unit, sign * count)),
  );

export const DATE_FUNCTIONS: readonly ScalarFunction[] = [
  scalar(
    'DATE / TIME',
    'FORMAT_TIMESTAMP',
    'A timestamp as text in a Java pattern, in UTC or a time zone.',
    variant('(TIMESTAMP, STRING) STRING', (at: number, pattern: string) => formatJava(pattern, at)),
    variant('(TIMESTAMP, STRING, STRING) STRING', (at: number, pattern: string, zone: string) =>
      formatJava(pattern, at, zone),
    ),
  ),
  scalar(
    'DATE / TIME',
    'FORMAT_DATE',
    'A date as text in a Java pattern.',
    variant('(DATE, STRING) STRING', (days: number, pattern: string) => formatJava(pattern, days * DAY_MS)),
  ),
  scalar(
    'DATE / TIME',
    'FORMAT_TIME',
    'A time of day as text in a Java pattern.',
    variant('(TIME, STRING) STRING', (ms: number, pattern: string) => formatJava(pattern, ms)),
  ),
  scalar(
    'DATE / TIME',
    'PARSE_TIMESTAMP',
    'A timestamp from text in a Java pattern; UTC unless text or third argument say a zone.',
    variant('(STRING, STRING) TIMESTAMP', (text: string, pattern: string) => parseJava(pattern, text)),
    variant('(STRING, STRING, STRING) TIMESTAMP', (text: string, pattern: string, zone: string) =>
      parseJava(pattern, text, zone),
    ),
  ),
  scalar(
    'DATE / TIME',
    'PARSE_DATE',
    'A date from text in a Java pattern.',
    variant('(STRING, STRING) DATE', (text: string, pattern: string) => Math.floor(parseJava(pattern, text) / DAY_MS)),
  ),
  scalar(
    'DATE / TIME',
    'PARSE_TIME',
    'A time of day from text in a Java pattern.',
    variant('(STRING, STRING) TIME', (text: string, pattern: string) => wrapped(parseJava(pattern, text))),
  ),
  scalar(
    'DATE / TIME',
    'FROM_UNIXTIME',
    'The timestamp of milliseconds since the epoch.',
    variant('(BIGINT) TIMESTAMP', (ms: bigint) => Number(ms)),
  ),
  scalar(
    'DATE / TIME',
    'FROM_DAYS',
    'The date of days since the epoch.',
    variant('(INTEGER) DATE', (days: number) => days),
  ),
  scalar(
    'DATE / TIME',
    'UNIX_TIMESTAMP',
    'Milliseconds since the epoch: now, or of a timestamp.',
    { signature: '() BIGINT', prepare: (_, world) => () => BigInt(world.now()) },
    variant('(TIMESTAMP) BIGINT', (at: number) => BigInt(at)),
  ),
  scalar(
    'DATE / TIME',
    'UNIX_DATE',
    'Days since the epoch: today, or of a date.',
    { signature: '() INTEGER', prepare: (_, world) => () => Math.floor(world.now() / DAY_MS) },
    variant('(DATE) INTEGER', (days: number) => days),
  ),
  scalar('DATE / TIME', 'TIMESTAMPADD', 'A timestamp some units later.', timestamps(1)),
  scalar('DATE / TIME', 'TIMESTAMPSUB', 'A timestamp some units earlier.', timestamps(-1)),
  scalar('DATE / TIME', 'DATEADD', 'A date some units later.', dates(1)),
  scalar('DATE / TIME', 'DATESUB', 'A date some units earlier.', dates(-1)),
  scalar('DATE / TIME', 'TIMEADD', 'A time of day some units later; it goes round at midnight.', times(1)),
  scalar('DATE / TIME', 'TIMESUB', 'A time of day some units earlier; it goes round at midnight.', times(-1)),
  scalar(
    'DATE / TIME',
    'CONVERT_TZ',
    'A timestamp whose clock in one zone becomes the clock of another.',
    variant('(TIMESTAMP, STRING, STRING) TIMESTAMP', (at: number, from: string, to: string) => {
      const instant = at - offsetMs(from, at);
      return instant + zoneOffsetAt(to, instant);
    }),
  ),
  scalar(
    'DATE / TIME',
    'STRINGTOTIMESTAMP',
    'Milliseconds since the epoch of text in a Java pattern.',
    variant('(STRING, STRING) BIGINT', (text: string, pattern: string) => BigInt(parseJava(pattern, text))),
    variant('(STRING, STRING, STRING) BIGINT', (text: string, pattern: string, zone: string) =>
      BigInt(parseJava(pattern, text, zone)),
    ),
  ),
  scalar(
    'DATE / TIME',
    'TIMESTAMPTOSTRING',
    'Milliseconds since the epoch as text in a Java pattern.',
    variant('(BIGINT, STRING) STRING', (at: bigint, pattern: string) => formatJava(pattern, Number(at))),
    variant('(BIGINT, STRING, STRING) STRING', (at: bigint, pattern: string, zone: string) =>
      formatJava(pattern, Number(at), zone),
    ),
  ),
  scalar(
    'DATE / TIME',
    'STRINGTODATE',
    'Days since the epoch of text in a Java pattern.',
    variant('(STRING, STRING) INTEGER', (text: string, pattern: string) =>
      Math.floor(parseJava(pattern, text) / DAY_MS),
    ),
  ),
  scalar(
    'DATE / TIME',
    'DATETOSTRING',
    'Days since the epoch as text in a Java pattern.',
    variant('(INTEGER, STRING) STRING', (days: number, pattern: string) => formatJava(pattern, days * DAY_MS)),
  ),
];
