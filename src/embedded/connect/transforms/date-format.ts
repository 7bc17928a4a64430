/** Java's SimpleDateFormat in UTC, as far as topic names and converted timestamps use it: yMdHhmsSa, XZz, quoted text. */
export function formatDate(pattern: string, ms: number): string {
  const date = new Date(ms);
  return pattern.replace(TOKEN, (token, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted;
    return field(token, date);
  });
}

const TOKEN = /'([^']*)'|y+|M+|d+|H+|h+|m+|s+|S+|a+|E+|X+|Z+|z+/g;
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
    case 'y':
      return token.length === 2 ? String(date.getUTCFullYear() % 100).padStart(2, '0') : padded(date.getUTCFullYear());
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
