import type { PressedKey } from '../pressed-keys.js';
import type { ActionKey } from './pages.js';
import type { Action, PageName } from './source.js';

/** Pages that list rows, and the drawing of the flow. */
export type TopPage = PageName | 'flow';

export interface Deed {
  readonly action: Action;
  readonly page: PageName;
  readonly name: string;
}

/**
 * What the reader of `top` has asked for. Keys go to what is on top: a question (`asking`), a line that is `typing`, the help,
 * what is `opened`, the page. A deed is asked about, then `doing`, until the model says how it ended.
 */
export interface TopState {
  readonly page: TopPage;
  /** By page, the name of the row under the cursor; none: the first. */
  readonly cursors: Partial<Readonly<Record<TopPage, string>>>;
  readonly opened: Opening | undefined;
  /** The first line shown of what is opened, or of the flow; `end`: its last lines, as they come. */
  readonly scroll: number | 'end';
  /** Only rows or lines with these words. */
  readonly search: string;
  readonly typing: { readonly what: 'search' | 'page'; readonly text: string } | undefined;
  readonly asking: Deed | undefined;
  readonly doing: Deed | undefined;
  readonly said: { readonly text: string; readonly isBad: boolean } | undefined;
  readonly help: boolean;
  readonly left: 'quit' | 'interrupted' | undefined;
}

export interface Opening {
  readonly page: PageName;
  readonly name: string;
  readonly how: 'content' | 'description';
}

/** What is on the screen, as far as keys depend on it. */
export interface TopView {
  readonly pages: readonly TopPage[];
  /** Names of the rows of the page that match the search, in order. */
  readonly rows: readonly string[];
  /** Rows or lines that fit. */
  readonly fitting: number;
  /** Of what is scrolled: the first line shown, and how many there are. */
  readonly first: number;
  readonly lines: number;
  describes(page: PageName): boolean;
  actionOf(key: ActionKey, name: string): Action | undefined;
}

export const topState = (page: TopPage): TopState => ({
  page,
  cursors: {},
  opened: undefined,
  scroll: 0,
  search: '',
  typing: undefined,
  asking: undefined,
  doing: undefined,
  said: undefined,
  help: false,
  left: undefined,
});

export function reduceTopKey(before: TopState, key: PressedKey, view: TopView): TopState {
  if (key.kind === 'interrupt') return { ...before, left: 'interrupted' };
  const state = before.said === undefined ? before : { ...before, said: undefined };
  if (state.asking !== undefined) return answered(state, state.asking, key);
  if (state.typing !== undefined) return typed(state, state.typing, key, view);
  if (state.help) return { ...state, help: false };
  switch (key.kind) {
    case 'up':
      return moved(state, -1, view);
    case 'down':
      return moved(state, 1, view);
    case 'page-up':
      return moved(state, -view.fitting, view);
    case 'page-down':
      return moved(state, view.fitting, view);
    case 'home':
      return moved(state, Number.NEGATIVE_INFINITY, view);
    case 'end':
      return moved(state, Number.POSITIVE_INFINITY, view);
    case 'enter':
      return open(state, 'content', view);
    case 'escape':
      return state.search === '' ? back(state) : { ...state, search: '' };
    case 'backspace':
      return state;
    case 'text':
      return commanded(state, key.text, view);
  }
}

function commanded(state: TopState, text: string, view: TopView): TopState {
  switch (text) {
    case 'k':
      return moved(state, -1, view);
    case 'j':
      return moved(state, 1, view);
    case 'g':
      return moved(state, Number.NEGATIVE_INFINITY, view);
    case 'G':
      return moved(state, Number.POSITIVE_INFINITY, view);
    case ' ':
      return moved(state, view.fitting, view);
    case '/':
      return { ...state, typing: { what: 'search', text: state.search } };
    case ':':
      return { ...state, typing: { what: 'page', text: '' } };
    case '?':
      return { ...state, help: true };
    case 'd':
      return state.page !== 'flow' && view.describes(state.page) ? open(state, 'description', view) : state;
    case 'r':
    case 'p':
      return asked(state, text, view);
    case 'q':
      return state.opened === undefined ? { ...state, left: 'quit' } : back(state);
    default: {
      const page = view.pages[Number(text) - 1];
      return page === undefined ? state : turned(state, page);
    }
  }
}

/** To another page, or to this one anew. */
function turned(state: TopState, page: TopPage): TopState {
  return { ...state, page, opened: undefined, scroll: 0, search: '' };
}

function back(state: TopState): TopState {
  return { ...state, opened: undefined, scroll: 0, search: '' };
}

/** The name under the cursor; undefined where nothing is listed. */
export function cursorOf({ page, cursors }: TopState, rows: readonly string[]): string | undefined {
  const name = cursors[page];
  return name !== undefined && rows.includes(name) ? name : rows[0];
}

function moved(state: TopState, by: number, view: TopView): TopState {
  if (state.opened === undefined && state.page !== 'flow') {
    const at = view.rows.indexOf(cursorOf(state, view.rows) ?? '');
    const name = view.rows[Math.max(0, Math.min(view.rows.length - 1, at + by))];
    return name === undefined ? state : { ...state, cursors: { ...state.cursors, [state.page]: name } };
  }
  const to = Math.max(0, view.first + by);
  return { ...state, scroll: to + view.fitting >= view.lines ? (view.lines > view.fitting ? 'end' : 0) : to };
}

function open(state: TopState, how: Opening['how'], view: TopView): TopState {
  const name = cursorOf(state, view.rows);
  if (state.page === 'flow' || state.opened !== undefined || name === undefined) return state;
  const scroll = state.page === 'components' ? 'end' : 0;
  return { ...state, opened: { page: state.page, name, how }, scroll, search: '' };
}

function asked(state: TopState, key: ActionKey, view: TopView): TopState {
  const { page, opened } = state;
  const name = opened?.name ?? cursorOf(state, view.rows);
  if (page === 'flow' || name === undefined || state.doing !== undefined) return state;
  const action = view.actionOf(key, name);
  return action === undefined ? state : { ...state, asking: { action, page, name } };
}

function answered(state: TopState, asking: Deed, key: PressedKey): TopState {
  const isYes = key.kind === 'text' && key.text.toLowerCase() === 'y';
  return { ...state, asking: undefined, ...(isYes ? { doing: asking } : {}) };
}

function typed(state: TopState, typing: NonNullable<TopState['typing']>, key: PressedKey, view: TopView): TopState {
  switch (key.kind) {
    case 'text':
      return { ...state, typing: { ...typing, text: typing.text + key.text } };
    case 'backspace':
      return { ...state, typing: { ...typing, text: [...typing.text].slice(0, -1).join('') } };
    case 'escape':
      return { ...state, typing: undefined };
    case 'enter':
      return typing.what === 'search'
        ? { ...state, typing: undefined, search: typing.text, scroll: state.scroll === 'end' ? 'end' : 0 }
        : gone({ ...state, typing: undefined }, typing.text.trim(), view);
    default:
      return state;
  }
}

/** `:topics`, or as much of it as tells it from the others; `:q`. */
function gone(state: TopState, text: string, view: TopView): TopState {
  if (text === '') return state;
  if (text === 'q' || text === 'quit') return { ...state, left: 'quit' };
  const [page, other] = view.pages.filter((one) => one.startsWith(text.toLowerCase()));
  if (page !== undefined && (other === undefined || page === text)) return turned(state, page);
  return { ...state, said: { text: `no page ${text}: there are ${view.pages.join(', ')}`, isBad: true } };
}
