import { jsonText } from '../support/json-text.js';
import { column } from '../ui/text/line.js';
import { printable } from '../ui/text/printable.js';
import { counted } from '../ui/text/quantities.js';

/** Wider values are cut; --output json has them whole. */
const COLUMN_MAX = 80;

/** Rows under their columns' names, as wide as what is in them. Ends with a newline. */
export function dataTable(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = rows.map((row) => columns.map((_, index) => cellText(row[index])));
  const widths = columns.map((name, index) =>
    Math.min(COLUMN_MAX, Math.max(name.length, ...cells.map((row) => row[index]?.length ?? 0))),
  );
  const lineOf = (row: readonly string[]): string =>
    `${row
      .map((text, index) => column(text, widths[index] ?? 0))
      .join('  ')
      .trimEnd()}\n`;
  return [lineOf(columns), lineOf(widths.map((width) => '─'.repeat(width))), ...cells.map(lineOf)].join('');
}

export const rowCount = (rows: number): string => `(${counted(rows, 'row')})\n`;

/** NULL as psql users know it from \pset null; objects as JSON; nothing that would move the cursor. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'string') return printable(value);
  return printable(typeof value === 'bigint' ? value.toString() : jsonText(value));
}
