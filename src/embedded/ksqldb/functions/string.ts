import { type ScalarFunction, scalar, variant } from './definition.js';

export const STRING_FUNCTIONS: readonly ScalarFunction[] = [
  scalar(
    'STRING',
    'UCASE',
    'The text in upper case.',
    variant('(STRING) STRING', (text: string) => text.toUpperCase()),
  ),
  scalar(
    'STRING',
    'LCASE',
    'The text in lower case.',
    variant('(STRING) STRING', (text: string) => text.toLowerCase()),
  ),
  scalar(
    'STRING',
    'TRIM',
    'The text without blanks at both ends.',
    variant('(STRING) STRING', (text: string) => text.trim()),
  ),
];
