/** Java's SimpleDateFormat in UTC and in English: all its letters, and quoted text. */
export function formatDate(pattern: string, ms: number): string {
  const date = new Date(ms);
  return pattern.replace(TOKEN, (token, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted;
    return field(token, date);
  });
}

const LETTERS = 'GyYMLwWDdFEuaHkKhmsSzZX';
const TOKEN = new RegExp(`'([^']*)'|${[...LETTERS].map((letter) => `${letter}+`).join('|')}`, 'g');

/** A letter of the pattern that means nothing: Java refuses such patterns. */
export function illegalLetter(pattern: string): string | undefined {
  const letters = pattern.replace(/'[^']*'/g, '').match(/[A-Za-z]/g) ?? [];
  return letters.find((letter) => !LETTERS.includes(letter));
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function field(token: string, date: Date): string {
  const padded = (value: number): string => String(value).padStart(token.length, '0');
  switch (token[0]) {
    case 'G':
      return date.getUTCFullYear() > 0 ? 'AD' : 'BC';
    case 'y':
      return yearText(token, date.getUTCFullYear());
    case 'Y':
      return yearText(token, weekOf(date).year);
    case 'w':
      return padded(weekOf(date).week);
    case 'W':
      return padded(weekOfMonth(date));
    case 'D':
      return padded(dayOfYear(date));
    case 'F':
      return padded(Math.ceil(date.getUTCDate() / 7));
    case 'u':
      return padded(date.getUTCDay() || 7);
    case 'k':
      return padded(date.getUTCHours() || 24);
    case 'K':
      return padded(date.getUTCHours() % 12);
    case 'L':
    case 'M': {
      const name = MONTHS[date.getUTCMonth()] ?? '';
      if (token.length > 3) return name;
      return token.length === 3 ? name.slice(0, 3) : padded(date.getUTCMonth() + 1);
    }
    case 'E': {
      const name = DAYS[date.getUTCDay()] ?? '';
      return token.length > 3 ? name : name.slice(0, 3);
    }
    case 'd':
      return padded(date.getUTCDate());
    case 'H':
      return padded(date.getUTCHours());
    case 'h':
      return padded(date.getUTCHours() % 12 || 12);
    case 'm':
      return padded(date.getUTCMinutes());
    case 's':
      return padded(date.getUTCSeconds());
    case 'S':
      return padded(date.getUTCMilliseconds());
    case 'a':
      return date.getUTCHours() < 12 ? 'AM' : 'PM';
    case 'X':
      return 'Z';
    case 'Z':
      return '+0000';
    default:
      return 'UTC';
  }
}

const yearText = (token: string, year: number): string =>
  token.length === 2 ? String(year % 100).padStart(2, '0') : String(year).padStart(token.length, '0');

const DAY_MS = 86_400_000;
const weekday = (ms: number): number => new Date(ms).getUTCDay();
const dayOfYear = (date: Date): number =>
  Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;

/** The week with 1 January is the first, and weeks begin on Sunday: Java's rule for English. */
function weekOf(date: Date): { readonly year: number; readonly week: number } {
  const year = date.getUTCFullYear();
  const nextYear = Date.UTC(year + 1, 0, 1);
  if (date.getTime() >= nextYear - weekday(nextYear) * DAY_MS) return { year: year + 1, week: 1 };
  return { year, week: Math.floor((dayOfYear(date) - 1 + weekday(Date.UTC(year, 0, 1))) / 7) + 1 };
}

function weekOfMonth(date: Date): number {
  const first = weekday(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1));
  return Math.floor((date.getUTCDate() - 1 + first) / 7) + 1;
}

/** Reads a date in the same patterns; undefined where the text does not fit. Numbers are as wide as the pattern says at least. */
export function parseDate(pattern: string, text: string): number | undefined {
  const names: string[] = [];
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(TOKEN, (token, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted;
    names.push(token);
    if (/^[XZz]/.test(token)) return '(Z|UTC|GMT|[+-]\\d\\d:?\\d\\d)';
    if (token.startsWith('a')) return '(AM|PM)';
    return token.startsWith('M') && token.length > 2
      ? '([A-Za-z]+)'
      : `(\\d{${token.length === 1 ? '1,' : token.length},${token.startsWith('y') ? 9 : Math.max(2, token.length)}})`.replace(
          '1,,',
          '1,',
        );
  });
  const match = new RegExp(`^${source}$`).exec(text);
  if (match === null) return undefined;
  const found = new Map(names.map((name, index) => [name[0] ?? '', match[index + 1] ?? '']));
  const number = (name: string, fallback: number): number => (found.has(name) ? Number(found.get(name)) : fallback);
  const monthText = found.get('M') ?? '1';
  const month = /^\d/.test(monthText) ? Number(monthText) - 1 : MONTHS.findIndex((name) => name.startsWith(monthText));
  const hour = found.has('h') ? (number('h', 0) % 12) + (found.get('a') === 'PM' ? 12 : 0) : number('H', 0);
  const ms = Date.UTC(number('y', 1970), month, number('d', 1), hour, number('m', 0), number('s', 0), number('S', 0));
  const zone = /^([+-])(\d\d):?(\d\d)$/.exec(found.get('X') ?? found.get('Z') ?? found.get('z') ?? '');
  if (zone === null) return ms;
  const minutes = Number(zone[2]) * 60 + Number(zone[3]);
  return ms - (zone[1] === '-' ? -minutes : minutes) * 60_000;
}
