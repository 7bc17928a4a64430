import type { SourceLocation } from '../support/errors.js';

/** One thing that is wrong (or, as a warning, doubtful) in a pipeline file. All of them are collected before anything starts. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Which rule found it: `unknown-key`, `dangling-reference` … Stable. */
  readonly code: string;
  /** What is wrong, with the nearest right word where there is one. */
  readonly message: string;
  /** What to do about it, where the message does not say. */
  readonly todo?: string;
  readonly location: SourceLocation;
}

export function problem(code: string, location: SourceLocation, message: string, todo?: string): Problem {
  return { severity: 'error', code, message, location, ...(todo === undefined ? {} : { todo }) };
}

export function warning(code: string, location: SourceLocation, message: string, todo?: string): Problem {
  return { ...problem(code, location, message, todo), severity: 'warning' };
}

/** By file, line and column. */
export const placeOrder = (a: SourceLocation, b: SourceLocation): number =>
  a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column;
