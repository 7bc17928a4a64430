import type { SourceLocation } from '../support/errors.js';

/** One thing that is wrong (or, as a warning, doubtful) in a pipeline file. All of them are collected before anything starts. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly location: SourceLocation;
}
