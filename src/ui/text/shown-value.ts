import { printable } from './printable.js';

/**
 * A text beside others and NULLs, as reports show it: in quotes where it would read as something else without them, as
 * 'NULL', the empty text, and what has blanks at an end. What holds characters that `printable` escapes is written as
 * PostgreSQL's E'…', so that a line feed is not taken for a backslash and an n.
 */
export function shownValue(text: string): string {
  if (printable(text) !== text) return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  const plain = text !== '' && text.trim() === text && !/^null$/i.test(text) && !/^E?'/.test(text);
  return plain ? text : `'${text.replaceAll("'", "''")}'`;
}
