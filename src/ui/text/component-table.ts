import stringWidth from 'string-width';
import type { ComponentLine, Health } from '../../kinds/status-report.js';
import { column, columnRight, type Line, line, type Span, span, type Tone } from './line.js';
import { printable } from './printable.js';
import { bytes, span as howLong } from './quantities.js';

interface Column {
  readonly title: string;
  readonly right?: boolean;
  /** The one with the lowest goes first where the terminal is too narrow. */
  readonly worth: number;
  text(component: ComponentLine): string;
}

const COLUMNS: readonly Column[] = [
  { title: 'name', worth: 9, text: ({ name }) => name },
  { title: 'state', worth: 8, text: ({ state }) => state },
  { title: 'address', worth: 7, text: ({ address }) => address ?? '' },
  { title: 'pid', worth: 1, right: true, text: ({ pid }) => String(pid ?? '') },
  {
    title: 'memory',
    worth: 3,
    right: true,
    text: ({ memoryBytes }) => (memoryBytes === undefined ? '' : bytes(memoryBytes)),
  },
  { title: 'restarts', worth: 4, right: true, text: ({ restarts = 0 }) => (restarts === 0 ? '' : String(restarts)) },
  { title: 'up', worth: 5, right: true, text: ({ uptimeMs }) => (uptimeMs === undefined ? '' : howLong(uptimeMs)) },
];

const TONES: Readonly<Record<Health, Tone | undefined>> = { good: undefined, waiting: 'wait', bad: 'bad' };
const MARKS: Readonly<Record<Health, Span>> = {
  good: span('✓', 'good'),
  waiting: span('…', 'wait'),
  bad: span('✗', 'bad'),
};
const MARGIN = 4;
const GAP = 2;
const NAME_COLUMNS_MAX = 36;
const ADDRESS_COLUMNS_MAX = 40;
/** A last error with less room than this goes below its line. */
const ERROR_COLUMNS_MIN = 30;

/** One line a component, as `docker compose ps` has them; columns that are empty, or don't fit, are left out. */
export function componentTable(components: readonly ComponentLine[], columns: number): Line[] {
  const widths = new Map(
    COLUMNS.map((one) => [one, widthOf(one, components)] as const).filter(([, width]) => width > 0),
  );
  while (tableWidth(widths) > columns && widths.size > 2) {
    const [least] = [...widths.keys()].sort((a, b) => a.worth - b.worth);
    if (least !== undefined) widths.delete(least);
  }
  const room = columns - tableWidth(widths) - GAP;
  const hasErrors = components.some(({ lastError }) => lastError !== undefined);
  const beside = hasErrors && room >= ERROR_COLUMNS_MIN;
  const heads = [...widths].map(([one, width]) => cell(one, one.title, width));
  const heading = line(
    span(`${' '.repeat(MARGIN)}${heads.join(' '.repeat(GAP))}${beside ? '  last error' : ''}`, 'dim'),
  );
  return [heading, ...components.flatMap((component) => rowOf(component, widths, beside))];
}

function rowOf(component: ComponentLine, widths: ReadonlyMap<Column, number>, beside: boolean): Line[] {
  const { health, lastError } = component;
  const cells = [...widths].map(([one, width]) => cell(one, printable(one.text(component)), width));
  const error = lastError === undefined ? '' : printable(lastError);
  const text = `${cells.join(' '.repeat(GAP))}${beside && error !== '' ? `  ${error}` : ''}`;
  const row = line('  ', MARKS[health], ' ', span(text.trimEnd(), TONES[health]));
  return error === '' || beside ? [row] : [row, line(span(`${' '.repeat(MARGIN + GAP)}${error}`, TONES[health]))];
}

const cell = ({ right }: Column, text: string, width: number): string =>
  right === true ? columnRight(text, width) : column(text, width);

/** 0 where nothing is in it. */
function widthOf({ title, text }: Column, components: readonly ComponentLine[]): number {
  const widest = Math.max(0, ...components.map((component) => stringWidth(printable(text(component)))));
  if (widest === 0) return 0;
  const most = title === 'name' ? NAME_COLUMNS_MAX : title === 'address' ? ADDRESS_COLUMNS_MAX : widest;
  return Math.max(title.length, Math.min(widest, most));
}

function tableWidth(widths: ReadonlyMap<Column, number>): number {
  return MARGIN + [...widths.values()].reduce((sum, width) => sum + width + GAP, -GAP);
}
