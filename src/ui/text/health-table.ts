import type { Health } from '../../kinds/status-report.js';
import { columnsOf } from '../../support/text-columns.js';
import { column, columnRight, type Line, line, type Span, span, type Tone } from './line.js';
import { printable } from './printable.js';

export interface Column<Row> {
  readonly title: string;
  readonly right?: boolean;
  /** The one with the lowest goes first where the terminal is too narrow. */
  readonly worth: number;
  /** It gets no wider. */
  readonly columnsMax?: number;
  text(row: Row): string;
}

export interface HealthRow {
  readonly health: Health;
  /** What is wrong with it, or was. */
  readonly lastError?: string | undefined;
}

export interface HealthTable {
  readonly heading: Line;
  /** Each row's lines: itself, and what is wrong with it where there is no room beside. */
  readonly rows: readonly (readonly Line[])[];
}

const TONES: Readonly<Record<Health, Tone | undefined>> = { good: undefined, waiting: 'wait', bad: 'bad' };
const MARKS: Readonly<Record<Health, Span>> = {
  good: span('✓', 'good'),
  waiting: span('…', 'wait'),
  bad: span('✗', 'bad'),
};
const MARGIN = 4;
const GAP = 2;
/** The first column gives way to the second down to this. */
const NAME_COLUMNS_MIN = 12;
/** A last error with less room than this goes below its line. */
const ERROR_COLUMNS_MIN = 30;

/** One line a row, with how it is; columns that are empty, or don't fit, are left out. */
export function healthTable<Row extends HealthRow>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  columns: number,
): HealthTable {
  const widths = new Map(all.map((one) => [one, widthOf(one, rows)] as const).filter(([, width]) => width > 0));
  while (tableWidth(widths.values()) > columns && widths.size > 2) {
    const [least] = [...widths.keys()].sort((a, b) => a.worth - b.worth);
    if (least !== undefined) widths.delete(least);
  }
  const [first] = widths.keys();
  const over = tableWidth(widths.values()) - columns;
  if (first !== undefined && over > 0) widths.set(first, Math.max(NAME_COLUMNS_MIN, (widths.get(first) ?? 0) - over));
  const room = columns - tableWidth(widths.values()) - GAP;
  const beside = room >= ERROR_COLUMNS_MIN && rows.some(({ lastError }) => lastError !== undefined);
  const heads = [...widths].map(([one, width]) => cell(one, one.title, width)).join(' '.repeat(GAP));
  return {
    heading: line(span(`${' '.repeat(MARGIN)}${heads}${beside ? '  last error' : ''}`, 'dim')),
    rows: rows.map((row) => linesOf(row, widths, beside)),
  };
}

function linesOf<Row extends HealthRow>(row: Row, widths: ReadonlyMap<Column<Row>, number>, beside: boolean): Line[] {
  const { health, lastError } = row;
  const cells = [...widths].map(([one, width]) => cell(one, printable(one.text(row)), width));
  const error = lastError === undefined ? '' : printable(lastError);
  const text = `${cells.join(' '.repeat(GAP))}${beside && error !== '' ? `  ${error}` : ''}`;
  const first = line('  ', MARKS[health], ' ', span(text.trimEnd(), TONES[health]));
  return error === '' || beside ? [first] : [first, line(span(`${' '.repeat(MARGIN + GAP)}${error}`, TONES[health]))];
}

const cell = <Row>({ right }: Column<Row>, text: string, width: number): string =>
  right === true ? columnRight(text, width) : column(text, width);

/** 0 where nothing is in it. */
function widthOf<Row>({ title, text, columnsMax }: Column<Row>, rows: readonly Row[]): number {
  const widest = Math.max(0, ...rows.map((row) => columnsOf(printable(text(row)))));
  return widest === 0 ? 0 : Math.max(title.length, Math.min(widest, columnsMax ?? widest));
}

function tableWidth(widths: Iterable<number>): number {
  return MARGIN + [...widths].reduce((sum, width) => sum + width + GAP, -GAP);
}
