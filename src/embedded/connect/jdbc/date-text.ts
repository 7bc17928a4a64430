/** Moments as PostgreSQL reads them. */

const MICROS_OF_DAY = 86_400_000_000n;
const MS_OF_DAY = 86_400_000;

/** What a source writes for the date `infinity`. */
const DATE_INFINITY = 2_147_483_647;

const pad = (value: number | bigint, length: number): string => String(value).padStart(length, '0');

/** Days since 1970-01-01: "2024-02-29", "12345-01-02", "0044-03-15 BC". */
export function dateText(days: number): string {
  if (days === DATE_INFINITY) return 'infinity';
  if (days === -DATE_INFINITY - 1) return '-infinity';
  const { year, rest } = civil(days);
  return year > 0 ? `${pad(year, 4)}-${rest}` : `${pad(1 - year, 4)}-${rest} BC`;
}

/** Microseconds since midnight. */
export function timeText(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n);
  const fraction = micros % 1_000_000n;
  const clock = `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;
  return fraction === 0n ? clock : `${clock}.${pad(fraction, 6)}`;
}

/** Microseconds since 1970-01-01T00:00Z, without a zone. */
export function timestampText(micros: bigint): string {
  const within = ((micros % MICROS_OF_DAY) + MICROS_OF_DAY) % MICROS_OF_DAY;
  const { year, rest } = civil(Number((micros - within) / MICROS_OF_DAY));
  const time = timeText(within);
  return year > 0 ? `${pad(year, 4)}-${rest} ${time}` : `${pad(1 - year, 4)}-${rest} ${time} BC`;
}

/** Years from 0 down are BC: astronomers' numbers. Dates beyond those of JavaScript are shifted by whole 400 years. */
function civil(days: number): { readonly year: number; readonly rest: string } {
  const eras = Math.floor(days / 146_097);
  const date = new Date((days - eras * 146_097) * MS_OF_DAY);
  return {
    year: date.getUTCFullYear() + eras * 400,
    rest: `${pad(date.getUTCMonth() + 1, 2)}-${pad(date.getUTCDate(), 2)}`,
  };
}
