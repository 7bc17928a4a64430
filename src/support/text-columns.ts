import { createRequire } from 'node:module';

/**
 * Letters, punctuation, arrows, lines, marks and braille that take one column each, whatever stands beside them: what nearly
 * all that is printed consists of.
 */
const ONE_COLUMN_EACH =
  /^[ -~\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u23ce\u2500-\u25fc\u2713\u2717\u2800-\u28ff]*$/;

type StringWidth = typeof import('string-width').default;
let stringWidth: StringWidth | undefined;

/** Whether every character takes one column, so that the text can be measured and cut by their number. */
export const hasOneColumnEach = (text: string): boolean => ONE_COLUMN_EACH.test(text);

/** How many columns of a terminal the text takes: wide characters two, escape sequences none. */
export function columnsOf(text: string): number {
  if (hasOneColumnEach(text)) return text.length;
  // Loading it takes 0.1 s of CPU, most of it for the properties of emoji: as much as all else that a short command does.
  stringWidth ??= (createRequire(import.meta.url)('string-width') as { default: StringWidth }).default;
  return stringWidth(text);
}
