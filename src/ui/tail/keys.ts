import type { PressedKey } from '../pressed-keys.js';

/**
 * What the reader of a tail has asked for. While `following` the cursor is the newest row; otherwise it stays on its
 * record, and the source is held back rather than let that record go. `typing` is a filter, or a place to jump to, that is not
 * applied yet.
 */
export interface TailKeys {
  readonly following: boolean;
  /** The number of the record under the cursor; it counts only while not following. */
  readonly cursor: number;
  readonly open: boolean;
  /** Lines of the open record that are scrolled away above. */
  readonly openTop: number;
  readonly filter: string;
  readonly typing: string | undefined;
  /** What is being typed. */
  readonly prompt: 'filter' | 'jump';
  /** Where to jump to, until that is done. */
  readonly jump: string | undefined;
  /** The record under the cursor is to be copied. */
  readonly copy: boolean;
  /** How often another topic was asked for: first all of them, then one after the other. */
  readonly topicTurns: number;
  /** What became of the last key, until the next one. */
  readonly said: string | undefined;
  readonly changes: boolean;
  readonly partitions: boolean;
  readonly left: 'quit' | 'interrupted' | undefined;
}

export const AT_START: TailKeys = {
  following: true,
  cursor: 0,
  open: false,
  openTop: 0,
  filter: '',
  typing: undefined,
  prompt: 'filter',
  jump: undefined,
  copy: false,
  topicTurns: 0,
  said: undefined,
  changes: true,
  partitions: false,
  left: undefined,
};

/** The rows that can be moved over, by index from 0: all records kept, or those that match the filter. */
export interface Rows {
  readonly count: number;
  /** The record number of a row; undefined beyond the ends. */
  numberAt(index: number): number | undefined;
  /** The index of the row with this number, or else of the next one, or the count. */
  indexOf(number: number): number;
}

export function reduceTailKey(before: TailKeys, key: PressedKey, rows: Rows, pageRows: number): TailKeys {
  const state = { ...before, said: undefined };
  if (key.kind === 'interrupt') return { ...state, left: 'interrupted' };
  if (state.typing !== undefined) return typed(state, state.typing, key);
  switch (key.kind) {
    case 'up':
      return moved(state, rows, -1);
    case 'down':
      return moved(state, rows, 1);
    case 'page-up':
      return state.open ? scrolled(state, -pageRows) : moved(state, rows, -pageRows);
    case 'page-down':
      return state.open ? scrolled(state, pageRows) : moved(state, rows, pageRows);
    case 'home':
      return moved(state, rows, Number.NEGATIVE_INFINITY);
    case 'end':
      return { ...state, following: true, openTop: 0 };
    case 'enter':
      return { ...held(state, rows), open: !state.open, openTop: 0 };
    case 'escape':
      return state.open ? { ...state, open: false } : { ...state, filter: '' };
    case 'backspace':
      return state;
    case 'text':
      return commanded(state, key.text, rows, pageRows);
  }
}

function commanded(state: TailKeys, text: string, rows: Rows, pageRows: number): TailKeys {
  switch (text) {
    case ' ':
      return state.following ? held(state, rows) : { ...state, following: true, openTop: 0 };
    case 'k':
      return reduceTailKey(state, { kind: 'up' }, rows, pageRows);
    case 'j':
      return reduceTailKey(state, { kind: 'down' }, rows, pageRows);
    case 'g':
      return reduceTailKey(state, { kind: 'home' }, rows, pageRows);
    case 'G':
      return reduceTailKey(state, { kind: 'end' }, rows, pageRows);
    case '/':
      return { ...state, prompt: 'filter', typing: state.filter };
    case ':':
      return { ...held(state, rows), prompt: 'jump', typing: '' };
    case 't':
      return { ...state, topicTurns: state.topicTurns + 1, openTop: 0 };
    case 'y':
      return { ...held(state, rows), copy: true };
    case 'b':
      return { ...state, changes: !state.changes, openTop: 0 };
    case 'p':
      return { ...state, partitions: !state.partitions };
    case 'q':
      return { ...state, left: 'quit' };
    default:
      return state;
  }
}

function typed(state: TailKeys, typing: string, key: PressedKey): TailKeys {
  switch (key.kind) {
    case 'text':
      return { ...state, typing: typing + key.text };
    case 'backspace':
      return { ...state, typing: [...typing].slice(0, -1).join('') };
    case 'enter':
      if (state.prompt === 'jump') return { ...state, typing: undefined, jump: typing.trim() };
      return { ...state, typing: undefined, filter: typing };
    case 'escape':
      return { ...state, typing: undefined };
    default:
      return state;
  }
}

/** Stays on the record that is under the cursor now. */
function held(state: TailKeys, rows: Rows): TailKeys {
  if (!state.following) return state;
  return { ...state, following: false, cursor: rows.numberAt(rows.count - 1) ?? 0 };
}

function moved(state: TailKeys, rows: Rows, by: number): TailKeys {
  const from = state.following ? rows.count - 1 : rows.indexOf(state.cursor);
  const to = Math.max(0, Math.min(rows.count - 1, from + by));
  return { ...state, following: false, cursor: rows.numberAt(to) ?? state.cursor, openTop: 0 };
}

function scrolled(state: TailKeys, by: number): TailKeys {
  return { ...state, openTop: Math.max(0, state.openTop + by) };
}
