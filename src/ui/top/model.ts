import type { StatusReport } from '../../kinds/status-report.js';
import type { PressedKey } from '../pressed-keys.js';
import { TailModel } from '../tail/model.js';
import { actionOf, PAGES } from './pages.js';
import type { Drawing, ListedPage, Listing, Opened, PageName, PageRows, TopSource } from './source.js';
import { type Opening, reduceTopKey, type TopPage, type TopState, type TopView, topState } from './state.js';

/** Lines of a log that are kept to scroll back in. */
const LOG_LINES_MAX = 5_000;

const QUIT: PressedKey = { kind: 'text', text: 'q' };

type Lists = { readonly [P in PageName]?: Listing<PageRows[P]> };

/** What is opened, as far as it has come. */
export type Content =
  | { readonly kind: 'log'; readonly lines: string[]; problem?: string }
  | { readonly kind: 'text'; drawing: Drawing | undefined; problem?: string }
  | { readonly kind: 'records'; readonly tail: TailModel; readonly topic: string; problem?: string };

/**
 * The state of `top`: what its reader asked for and what is known. Only what is on the screen is asked for: the status, the
 * rows of the page, and what is opened. Leaving a page or what is opened ends what was asked for it.
 */
export class TopModel {
  state: TopState;
  status: StatusReport | undefined;
  /** When the status came, by performance.now. */
  statusAtMs = 0;
  statusProblem: string | undefined;
  lists: Lists = {};
  content: Content | undefined;
  /** Of the last drawing. */
  shown = { first: 0, lines: 0, fitting: 10 };
  readonly pages: readonly TopPage[];
  private readonly ending = new AbortController();
  private listing = new AbortController();
  private reading = new AbortController();

  constructor(
    private readonly source: TopSource,
    first?: TopPage,
  ) {
    const [components, ...others] = source.pages;
    this.pages = [...(components === undefined ? [] : [components]), 'flow', ...others];
    this.state = topState(first ?? 'components');
  }

  /** Reads until the signal; it never throws: what goes wrong is shown. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.end(), { once: true });
    this.listPage();
    const { ending } = this;
    while (!ending.signal.aborted) {
      try {
        for await (const report of this.source.status(ending.signal)) {
          this.status = report;
          this.lists = { ...this.lists, components: { rows: report.components } };
          this.statusAtMs = performance.now();
          this.statusProblem = undefined;
        }
      } catch (failure) {
        this.statusProblem = messageOf(failure);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  }

  /** The records that are shown; undefined too where they can't be read. */
  get records(): Extract<Content, { kind: 'records' }> | undefined {
    const { content } = this;
    return content?.kind === 'records' && content.problem === undefined ? content : undefined;
  }

  press(key: PressedKey): void {
    const { records } = this;
    if (records === undefined) this.pressOwn(key);
    else this.pressRecords(records.tail, key);
  }

  /** Records take the keys; q, and Escape where they have nothing to close, lead back. */
  private pressRecords(tail: TailModel, key: PressedKey): void {
    tail.press(key.kind === 'escape' && tail.nothingToEscape ? QUIT : key);
    if (tail.keys.left !== undefined) this.pressOwn(tail.keys.left === 'quit' ? QUIT : { kind: 'interrupt' });
  }

  private pressOwn(key: PressedKey): void {
    const before = this.state;
    this.state = reduceTopKey(before, key, this.view());
    if (this.state.page !== before.page) this.listPage();
    if (this.state.opened !== before.opened) this.open(this.state.opened);
    if (this.state.doing !== undefined && before.doing === undefined) void this.act(this.state.doing);
    if (this.state.left !== undefined) this.end();
  }

  /** Rows of the page that match the search. */
  rows<P extends PageName>(page: P): readonly PageRows[P][] {
    const listing: Listing<PageRows[P]> | undefined = this.lists[page];
    if (listing === undefined || 'problem' in listing) return [];
    const { search, opened } = this.state;
    const wanted = opened === undefined ? wordsOf(search) : [];
    const { columns } = PAGES[page];
    return listing.rows.filter((row) =>
      hasWords(`${columns.map((one) => one.text(row)).join(' ')} ${row.lastError ?? ''}`, wanted),
    );
  }

  private view(): TopView {
    const { page } = this.state;
    const { shown, pages } = this;
    const rows = page === 'flow' ? [] : this.rows(page);
    return {
      ...shown,
      pages,
      rows: rows.map(({ name }) => name),
      describes: (one) => PAGES[one].describes !== undefined,
      actionOf: (key, name) => {
        if (page === 'flow') return undefined;
        const row = this.rows(page).find((one) => one.name === name);
        return row === undefined ? undefined : actionOf(page, row, key);
      },
    };
  }

  private listPage(): void {
    this.listing.abort();
    this.listing = new AbortController();
    const { page } = this.state;
    if (page !== 'flow' && page !== 'components') void this.list(page, this.listing.signal);
  }

  private async list<P extends ListedPage>(page: P, signal: AbortSignal): Promise<void> {
    for await (const listing of this.source.list(page, signal)) {
      if (signal.aborted) return;
      this.lists = { ...this.lists, [page]: listing };
    }
  }

  private open(opening: Opening | undefined): void {
    this.reading.abort();
    if (this.content?.kind === 'records') this.content.tail.press({ kind: 'interrupt' });
    this.content = undefined;
    if (opening === undefined) return;
    this.reading = new AbortController();
    const { signal } = this.reading;
    const opened = this.source.open(opening.page, opening.name, opening.how);
    const content = contentOf(opened, opening);
    this.content = content;
    this.fill(content, opened, signal).catch((failure: unknown) => {
      if (!signal.aborted) content.problem = messageOf(failure);
    });
  }

  private async fill(content: Content, opened: Opened, signal: AbortSignal): Promise<void> {
    if (content.kind === 'records' && opened.kind === 'records') await content.tail.pump(opened.records(signal));
    else if (content.kind === 'text' && opened.kind === 'text')
      for await (const drawing of opened.drawings(signal)) content.drawing = drawing;
    else if (content.kind === 'log' && opened.kind === 'log')
      for await (const line of opened.lines(signal)) this.addLine(content.lines, line);
  }

  private addLine(lines: string[], line: string): void {
    lines.push(line);
    if (lines.length <= LOG_LINES_MAX) return;
    lines.shift();
    const { scroll } = this.state;
    // What is looked at stays where it is while older lines go.
    if (scroll !== 'end') this.state = { ...this.state, scroll: Math.max(0, scroll - 1) };
  }

  private async act(deed: NonNullable<TopState['doing']>): Promise<void> {
    const { action, page, name } = deed;
    let said = { text: `${name}: ${DONE[action]}`, isBad: false };
    try {
      await this.source.act(action, page, name);
    } catch (failure) {
      said = { text: messageOf(failure), isBad: true };
    }
    this.state = { ...this.state, doing: undefined, said };
  }

  private end(): void {
    for (const controller of [this.ending, this.listing, this.reading]) controller.abort();
    if (this.content?.kind === 'records') this.content.tail.press({ kind: 'interrupt' });
  }
}

function contentOf(opened: Opened, { name }: Opening): Content {
  switch (opened.kind) {
    case 'log':
      return { kind: 'log', lines: [] };
    case 'text':
      return { kind: 'text', drawing: undefined };
    case 'records':
      return { kind: 'records', tail: new TailModel(), topic: name };
  }
}

const DONE = {
  restart: 'restarted',
  start: 'started',
  stop: 'stopped',
  pause: 'paused',
  resume: 'resumed',
} as const;

export const wordsOf = (search: string): readonly string[] =>
  search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');

export function hasWords(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}

const messageOf = (failure: unknown): string => (failure instanceof Error ? failure.message : String(failure));
