/**
 * A text beside others and NULLs, as reports show it: in quotes where it would read as something else without them, as
 * 'NULL', the empty text, and what has blanks at an end.
 */
export function shownValue(text: string): string {
  const plain = text !== '' && text.trim() === text && !/^null$/i.test(text) && !text.startsWith("'");
  return plain ? text : `'${text.replaceAll("'", "''")}'`;
}
