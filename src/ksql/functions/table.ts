import { COLLECTION_FUNCTIONS } from './collection.js';
import { DATE_FUNCTIONS } from './date.js';
import type { ScalarFunction } from './definition.js';
import { JSON_FUNCTIONS } from './json.js';
import { LAMBDA_FUNCTIONS } from './lambda.js';
import { MATH_FUNCTIONS } from './math.js';
import { OTHER_FUNCTIONS } from './other.js';
import { STRING_FUNCTIONS } from './string.js';
import { URL_FUNCTIONS } from './url.js';

/** All scalar functions by name: what SHOW FUNCTIONS lists and the analyser looks up. */
export const SCALAR_FUNCTIONS: ReadonlyMap<string, ScalarFunction> = new Map(
  [
    ...STRING_FUNCTIONS,
    ...MATH_FUNCTIONS,
    ...DATE_FUNCTIONS,
    ...COLLECTION_FUNCTIONS,
    ...LAMBDA_FUNCTIONS,
    ...JSON_FUNCTIONS,
    ...URL_FUNCTIONS,
    ...OTHER_FUNCTIONS,
  ].map((each) => [each.name, each]),
);
