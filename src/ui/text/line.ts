import { Chalk } from 'chalk';
import { columnsOf, hasOneColumnEach } from '../../support/text-columns.js';

/** What a colour may mean: done, failed, waiting or lagging, detail, and what the eye should find first. */
export type Tone = 'good' | 'bad' | 'wait' | 'dim' | 'strong';

export interface Span {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

/** One line of a screen or of plain output; its text alone has to say everything (NO_COLOR, pipes). */
export type Line = readonly Span[];

export const span = (text: string, tone?: Tone): Span => ({ text, tone });
export const line = (...spans: readonly (string | Span)[]): Line =>
  spans.map((part) => (typeof part === 'string' ? { text: part } : part));

export function textOf(spans: Line): string {
  return spans.map((part) => part.text).join('');
}

/** Terminal columns, wide characters counted as two. */
export function widthOf(spans: Line): number {
  return columnsOf(textOf(spans));
}

const colored = new Chalk({ level: 1 });
const PAINTS: Readonly<Record<Tone, (text: string) => string>> = {
  good: colored.green,
  bad: colored.red,
  wait: colored.yellow,
  dim: colored.dim,
  strong: colored.bold,
};

export function paint(spans: Line, color: boolean): string {
  if (!color) return textOf(spans);
  return spans.map(({ text, tone }) => (tone === undefined ? text : PAINTS[tone](text))).join('');
}

/** At most `columns` wide; what is cut off ends in `…`. */
export function truncate(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (text.length <= columns && columnsOf(text) <= columns) return text;
  if (hasOneColumnEach(text.slice(0, columns))) return `${text.slice(0, columns - 1)}…`;
  let kept = '';
  let width = 0;
  segments ??= new Intl.Segmenter();
  for (const { segment } of segments.segment(text.slice(0, columns * GRAPHEME_UNITS_MAX))) {
    width += columnsOf(segment);
    if (width > columns - 1) return `${kept}…`;
    kept += segment;
  }
  return kept === text ? text : `${kept}…`;
}

/** Made when it is first needed: that takes 10 ms. */
let segments: Intl.Segmenter | undefined;
/** Enough UTF-16 units for one visible character, families of emoji included. */
const GRAPHEME_UNITS_MAX = 16;

export function truncateLine(spans: Line, columns: number): Line {
  if (widthOf(spans) <= columns) return spans;
  const kept: Span[] = [];
  let left = columns;
  for (const part of spans) {
    const width = columnsOf(part.text);
    if (width < left || (width === left && part === spans.at(-1))) {
      kept.push(part);
      left -= width;
      continue;
    }
    kept.push({ ...part, text: width < left ? part.text : cut(part.text, left) });
    break;
  }
  return kept;
}

/** Like truncate, but ends in `…` even where the text would just fit, because more follows it. */
function cut(text: string, columns: number): string {
  const whole = truncate(text, columns);
  return whole.endsWith('…') ? whole : `${truncate(`${text}  `, columns)}`;
}

/** Filled with blanks up to `columns`, or cut there. */
export function column(text: string, columns: number): string {
  const fitting = truncate(text, columns);
  return fitting + ' '.repeat(Math.max(0, columns - columnsOf(fitting)));
}

export function columnRight(text: string, columns: number): string {
  const fitting = truncate(text, columns);
  return ' '.repeat(Math.max(0, columns - columnsOf(fitting))) + fitting;
}

/** Breaks a line at blanks, within a word where it has to; what goes on below begins at `indent`. */
export function wrapLine(spans: Line, columns: number, indent: number): Line[] {
  if (widthOf(spans) <= columns) return [spans];
  const margin = ' '.repeat(Math.min(indent, Math.max(0, columns - 1)));
  const lines: Span[][] = [[]];
  let width = 0;
  for (const { text, tone } of spans) {
    for (const word of text.split(/( +)/)) {
      const isBlank = word.trim() === '';
      // What comes next begins the line below.
      if (isBlank && width + columnsOf(word) > columns) {
        width = columns;
        continue;
      }
      if (!isBlank && width + columnsOf(word) > columns && width > margin.length) {
        lines.push([span(margin)]);
        width = margin.length;
      }
      if (isBlank && lines.length > 1 && width === margin.length) continue;
      const [first = '', ...more] = wrapParagraph(word, columns - width);
      lines.at(-1)?.push(span(isBlank ? word : first, tone));
      for (const part of isBlank ? [] : more) lines.push([span(margin), span(part, tone)]);
      width = more.length > 0 && !isBlank ? margin.length + columnsOf(more.at(-1) ?? '') : width + columnsOf(word);
    }
  }
  return lines;
}

/** Breaks at blanks where it can, inside a word where it has to. Line breaks of the text stay. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((paragraph) => wrapParagraph(paragraph, Math.max(1, columns)));
}

/** Like wrap, but what fits keeps its indentation: for text whose lines mean something. */
export function wrapKept(text: string, columns: number): string[] {
  return text.split('\n').flatMap((one) => (columnsOf(one) <= columns ? [one] : wrap(one, columns)));
}

function wrapParagraph(paragraph: string, columns: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of paragraph.split(' ')) {
    const joined = current === '' ? word : `${current} ${word}`;
    if (columnsOf(joined) <= columns) {
      current = joined;
      continue;
    }
    if (current !== '') lines.push(current);
    current = word;
    while (columnsOf(current) > columns) {
      const head = truncate(current, columns + 1).slice(0, -1);
      if (head === '') break;
      lines.push(head);
      current = current.slice(head.length);
    }
  }
  return [...lines, current];
}
