/** A text within a table's cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** The lines of a table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))].map((row) =>
    row[0] === '---' ? `|${row.join('|')}|` : `| ${row.join(' | ')} |`,
  );
}
