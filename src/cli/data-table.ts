import { jsonText } from '../support/json-text.js';
import { column, line, widthOf } from '../ui/text/line.js';
import { printable } from '../ui/text/printable.js';
import { counted } from '../ui/text/quantities.js';

/** Wider values are cut; --output json has them whole. */
const COLUMN_MAX = 80;
/** A column that is cut shows at least this much. */
const COLUMN_MIN = 8;
const GAP = '  ';

/**
 * Rows under their columns' names, as wide as what is in them. Where that is wider than the terminal, the widest columns are
 * cut; where not even that helps, each row is a list of names and values. Ends with a newline.
 */
export function dataTable(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  terminalColumns?: number,
): string {
  const { cells, widths: whole } = measured(columns, rows);
  const natural = whole.map((width) => Math.min(COLUMN_MAX, width));
  const widths = fittingWidths(natural, terminalColumns);
  if (widths === undefined) return cells.map((row, index) => recordText(columns, row, index + 1)).join('');
  return [headText(columns, widths), ...cells.map((row) => lineText(row, widths))].join('');
}

/** A list that cuts no name: a table where it fits, else a few lines for each row, the first column's cell as their heading. */
export function listTable(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  terminalColumns?: number,
): string {
  const { cells, widths } = measured(columns, rows);
  const width = widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1));
  if (width <= (terminalColumns ?? width))
    return [headText(columns, widths), ...cells.map((row) => lineText(row, widths))].join('');
  return cells.map((row) => entryText(columns, row, terminalColumns ?? width)).join('');
}

/** Each cell as text, and how wide each column is where nothing is cut. */
function measured(columns: readonly string[], rows: readonly (readonly unknown[])[]) {
  const cells = rows.map((row) => columns.map((_, index) => cellText(row[index])));
  const widths = columns.map((name, index) =>
    Math.max(name.length, ...cells.map((row) => textWidth(row[index] ?? ''))),
  );
  return { cells, widths };
}

function entryText(columns: readonly string[], [heading = '', ...cells]: readonly string[], room: number): string {
  const lines = [heading];
  let current = '';
  for (const [at, cell] of cells.entries()) {
    const fact = `${columns[at + 1]} ${cell}`;
    const joined = current === '' ? `  ${fact}` : `${current}   ${fact}`;
    const isFull = current !== '' && textWidth(joined) > room;
    if (isFull) lines.push(current);
    current = isFull ? `  ${fact}` : joined;
  }
  return `${[...lines, current].join('\n')}\n`;
}

/** The names, and a rule below them. */
export const headText = (columns: readonly string[], widths: readonly number[]): string =>
  lineText(columns, widths) +
  lineText(
    widths.map((width) => '─'.repeat(width)),
    widths,
  );

export const lineText = (cells: readonly string[], widths: readonly number[]): string =>
  `${cells
    .map((text, index) => column(text, widths[index] ?? 0))
    .join(GAP)
    .trimEnd()}\n`;

/** One row where there is no room for columns. */
export function recordText(columns: readonly string[], cells: readonly string[], number: number): string {
  const width = Math.max(0, ...columns.map(textWidth));
  const lines = columns.map((name, index) => `${column(name, width)}${GAP}${cells[index] ?? ''}`.trimEnd());
  return `${[`─── ${number} ───`, ...lines].join('\n')}\n`;
}

/** The widths, the widest ones cut until all fit; undefined where they can't. */
export function fittingWidths(
  natural: readonly number[],
  terminalColumns: number | undefined,
): readonly number[] | undefined {
  if (terminalColumns === undefined) return natural;
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
  for (let over = total() - terminalColumns; over > 0; over -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= COLUMN_MIN) return undefined;
    widths[widest] = width - 1;
  }
  return widths;
}

export const textWidth = (text: string): number => widthOf(line(text));

export const rowCount = (rows: number): string => `(${counted(rows, 'row')})\n`;

/** NULL as psql users know it from \pset null; objects as JSON; nothing that would move the cursor. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'string') return printable(value);
  return printable(typeof value === 'bigint' ? value.toString() : jsonText(value));
}
