import { DATE_FUNCTIONS } from './date.js';
import type { ScalarFunction } from './definition.js';
import { OTHER_FUNCTIONS } from './other.js';
import { STRING_FUNCTIONS } from './string.js';

/** All scalar functions by name: what SHOW FUNCTIONS lists and the analyser looks up. */
export const SCALAR_FUNCTIONS: ReadonlyMap<string, ScalarFunction> = new Map(
  [...STRING_FUNCTIONS, ...DATE_FUNCTIONS, ...OTHER_FUNCTIONS].map((each) => [each.name, each]),
);
