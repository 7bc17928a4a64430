import { healthTable } from '../text/health-table.js';
import { type Line, line, type Span, span, textOf, truncateLine, widthOf, wrap, wrapKept } from '../text/line.js';
import { printable } from '../text/printable.js';
import { span as howLong } from '../text/quantities.js';
import { flowLines, statusHeading } from '../text/status.js';
import { type Content, hasWords, type TopModel, wordsOf } from './model.js';
import { actionOf, PAGES } from './pages.js';
import type { Listing, PageName, PageRows } from './source.js';
import { cursorOf, type TopPage } from './state.js';

export interface TopSize {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
}

/** A status older than this says so: what is drawn may no longer be true. */
const STALE_MS = 5_000;

/** Exactly `rows` lines: how all is, the pages, what was asked for, the keys. */
export function topLines(model: TopModel, size: TopSize): Line[] {
  const { columns, rows } = size;
  const head = [heading(model, size), tabs(model, columns), line()];
  const room = Math.max(1, rows - head.length - 1);
  const body = bodyLines(model, columns, room);
  const filled = [...body, ...Array.from({ length: Math.max(0, room - body.length) }, () => line())].slice(0, room);
  return [...head, ...filled, footer(model, columns)].map((one) => truncateLine(one, columns));
}

function heading({ status, statusAtMs, statusProblem }: TopModel, { columns, nowMs }: TopSize): Line {
  if (statusProblem !== undefined) return line(span(printable(statusProblem), 'bad'));
  if (status === undefined) return line(span('asking…', 'dim'));
  const age = nowMs - statusAtMs;
  return age > STALE_MS ? line(span(`no answer for ${howLong(age)}`, 'wait')) : statusHeading(status, columns);
}

/** `1 components  [2 flow]  3 topics`; where that is too wide, only the page that is shown has its name. */
function tabs({ pages, state: { page: shown } }: TopModel, columns: number): Line {
  const draw = (isNamed: (page: TopPage) => boolean): Line =>
    line(
      ...pages.flatMap((page, index): (string | Span)[] => {
        const text = isNamed(page) ? `${index + 1} ${page}` : String(index + 1);
        return [page === shown ? span(`[${text}]`, 'strong') : span(` ${text} `, 'dim'), ' '];
      }),
    );
  const all = draw(() => true);
  return widthOf(all) <= columns ? all : draw((page) => page === shown);
}

function bodyLines(model: TopModel, columns: number, room: number): readonly Line[] {
  const { state, content } = model;
  if (state.help) return helpLines(model);
  if (state.opened !== undefined && content !== undefined) return openedLines(model, content, columns, room);
  return state.page === 'flow' ? flowPage(model, columns, room) : listPage(model, state.page, columns, room);
}

/** The rows of a page, and below the components the flow, as `status` has it, where there is room. */
function listPage<P extends PageName>(model: TopModel, page: P, columns: number, room: number): readonly Line[] {
  const listing: Listing<PageRows[P]> | undefined = model.lists[page];
  if (listing === undefined) return [line(span('asking…', 'dim'))];
  if ('problem' in listing) return wrap(printable(listing.problem), columns).map((text) => line(span(text, 'bad')));
  const rows = model.rows(page);
  if (rows.length === 0) return [line(span(listing.rows.length === 0 ? `no ${page}` : 'nothing found', 'dim'))];
  const { heading: titles, rows: drawn } = healthTable(PAGES[page].columns, rows, columns);
  const cursor = cursorOf(
    model.state,
    rows.map(({ name }) => name),
  );
  const at = rows.findIndex(({ name }) => name === cursor);
  const { first, count } = pageAround(
    drawn.map((lines) => lines.length),
    at,
    room - 1,
  );
  model.shown = { first, lines: rows.length, fitting: Math.max(1, count) };
  const list = drawn
    .slice(first, first + count)
    .flatMap((lines, index) => (first + index === at ? lines.map(selected) : lines));
  const flows = page === 'components' && model.state.search === '' ? (model.status?.flows ?? []) : [];
  const below = flows.flatMap((flow) => [line(), ...flowLines(flow, columns)]);
  const left = room - 1 - list.length;
  return [titles, ...list, ...(below.length <= left ? below : [...below.slice(0, Math.max(0, left - 1)), moreBelow])];
}

const moreBelow = line(span('  … more on page 2', 'dim'));

/** The line under the cursor, marked so that it is seen without colour. */
function selected(spans: Line, index: number): Line {
  const [head = span(''), ...rest] = spans;
  const marked = index === 0 ? { ...head, text: `›${head.text.slice(1)}` } : head;
  return [marked, ...rest.map((part) => ({ ...part, tone: part.tone ?? ('strong' as const) }))];
}

/** Pages of whole rows: the one that holds the row `at`. Moving inside a page moves nothing else. */
function pageAround(heights: readonly number[], at: number, room: number): { first: number; count: number } {
  let first = 0;
  let used = 0;
  for (const [index, height] of heights.entries()) {
    if (used + height > room && index > first) {
      if (index > at) return { first, count: index - first };
      first = index;
      used = 0;
    }
    used += height;
  }
  return { first, count: heights.length - first };
}

function flowPage(model: TopModel, columns: number, room: number): readonly Line[] {
  const { status } = model;
  if (status === undefined) return [];
  if (status.flows.length === 0) return [line(span('no compare check: nothing says what flows where', 'dim'))];
  const lines = status.flows.flatMap((flow) => [...flowLines(flow, columns), line()]);
  return scrolled(model, lines, room, (one) => [one]);
}

function openedLines(model: TopModel, content: Content, columns: number, room: number): readonly Line[] {
  const { state } = model;
  const { opened } = state;
  const what = opened && PAGES[opened.page][opened.how === 'content' ? 'opens' : 'describes'];
  const title = line(
    span(printable(opened?.name ?? ''), 'strong'),
    span(`   ${what ?? ''}${state.scroll === 'end' ? ', following' : ''}`, 'dim'),
  );
  if (content.problem !== undefined)
    return [title, ...wrap(printable(content.problem), columns).map((text) => line(span(text, 'bad')))];
  return [title, ...contentLines(model, content, columns, room - 1)];
}

function contentLines(model: TopModel, content: Content, columns: number, room: number): readonly Line[] {
  const words = wordsOf(model.state.search);
  if (content.kind === 'log') {
    const found = words.length === 0 ? content.lines : content.lines.filter((text) => hasWords(text, words));
    if (found.length === 0) return [line(span(words.length === 0 ? 'nothing written yet' : 'nothing found', 'dim'))];
    return scrolled(model, found, room, (text) => wrapKept(printable(text), columns).map((part) => line(part)));
  }
  if (content.kind === 'records' || content.drawing === undefined) return [line(span('asking…', 'dim'))];
  const found = content.drawing(columns).filter((one) => hasWords(textOf(one), words));
  return scrolled(model, found, room, (one) => [one]);
}

/** What fits of a text, from the line that is scrolled to. Only that is drawn: a log may be long. */
function scrolled<T>(model: TopModel, items: readonly T[], room: number, draw: (item: T) => readonly Line[]): Line[] {
  const { scroll } = model.state;
  const lines: Line[] = [];
  let first = scroll === 'end' ? items.length : Math.min(scroll, Math.max(0, items.length - 1));
  let last = first;
  if (scroll === 'end') {
    while (first > 0) {
      const drawn = draw(items[first - 1] as T);
      if (lines.length + drawn.length > room && lines.length > 0) break;
      lines.unshift(...drawn.slice(0, room));
      first -= 1;
    }
    last = items.length;
  } else
    while (last < items.length && lines.length < room) {
      lines.push(...draw(items[last] as T));
      last += 1;
    }
  model.shown = { first, lines: items.length, fitting: Math.max(1, last - first) };
  return lines.slice(0, room);
}

function helpLines({ state: { page }, pages }: TopModel): readonly Line[] {
  const opens = page === 'flow' ? undefined : PAGES[page].opens;
  const describes = page === 'flow' ? undefined : PAGES[page].describes;
  const keys: readonly (readonly [string, string] | undefined)[] = [
    [`1 … ${pages.length}`, 'a page; also : and its name'],
    ['↑ ↓ j k', 'move; page keys, g and G: far'],
    opens === undefined ? undefined : ['⏎', `open: ${opens}`],
    describes === undefined ? undefined : ['d', `describe: ${describes}`],
    ['/', 'only rows or lines with these words'],
    page === 'components' ? ['r p', 'restart; stop or start; each asks first'] : undefined,
    page === 'connectors' ? ['r p', 'restart; pause or resume; each asks first'] : undefined,
    ['esc', 'back, or clear the search'],
    ['q', 'back; on a page: quit'],
  ];
  return keys.flatMap((one) => (one === undefined ? [] : [line(span(one[0].padEnd(10), 'strong'), one[1])]));
}

function footer(model: TopModel, columns: number): Line {
  const { typing, asking, doing, said, search, opened } = model.state;
  if (asking !== undefined)
    return line(span(`${asking.action} ${printable(asking.name)}?`, 'wait'), '   y yes   any other key no');
  if (typing !== undefined)
    return line(
      span(typing.what === 'search' ? '/' : ':', 'strong'),
      `${printable(typing.text)}█`,
      span('   ⏎ go   esc leave', 'dim'),
    );
  if (model.state.help) return line(span('any key: back', 'dim'));
  if (doing !== undefined) return line(span(`${doing.action} ${printable(doing.name)}…`, 'wait'));
  if (said !== undefined) return line(span(printable(said.text), said.isBad ? 'bad' : 'good'));
  const { first, lines, fitting } = model.shown;
  const place = lines > fitting ? `${first + 1}–${Math.min(lines, first + fitting)} of ${lines}` : '';
  const left =
    search === ''
      ? [span(keysText(model, columns), 'dim')]
      : [span(`/${printable(search)}`, 'strong'), span('   / change   esc clear', 'dim')];
  const gap = columns - widthOf(left) - place.length;
  return gap < 2 || (opened?.page === undefined && place === '')
    ? left
    : line(...left, ' '.repeat(gap), span(place, 'dim'));
}

function keysText(model: TopModel, columns: number): string {
  const { page, opened } = model.state;
  if (opened !== undefined)
    return columns < 60 ? '↑↓  / search  esc back' : '↑↓ scroll   G end   / search   ? help   esc back';
  if (page === 'flow') return '↑↓ scroll   ? help   q quit';
  const name = cursorOf(
    model.state,
    model.rows(page).map((row) => row.name),
  );
  const deeds = (['r', 'p'] as const).flatMap((key) => {
    const row = model.rows(page).find((one) => one.name === name);
    const action = row === undefined ? undefined : actionOf(page, row, key);
    return action === undefined ? [] : [`${key} ${action}`];
  });
  const all = [
    '⏎ open',
    ...(PAGES[page].describes === undefined ? [] : ['d describe']),
    ...deeds,
    '/ search',
    ': page',
    '? help',
    'q quit',
  ];
  const wide = all.join('   ');
  return wide.length <= columns ? wide : ['⏎ open', ...deeds, '? help'].join('  ');
}
