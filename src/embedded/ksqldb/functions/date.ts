import { type ScalarFunction, scalar, variant } from './definition.js';
import { formatJava, parseJava } from './java-pattern.js';

const DAY_MS = 86_400_000;

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
    variant('(STRING, STRING) TIME', (text: string, pattern: string) => parseJava(pattern, text) % DAY_MS),
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
    { signature: '() BIGINT', prepare: (_types, world) => () => BigInt(world.now()) },
    variant('(TIMESTAMP) BIGINT', (at: number) => BigInt(at)),
  ),
  scalar(
    'DATE / TIME',
    'UNIX_DATE',
    'Days since the epoch: today, or of a date.',
    { signature: '() INTEGER', prepare: (_types, world) => () => Math.floor(world.now() / DAY_MS) },
    variant('(DATE) INTEGER', (days: number) => days),
  ),
];
