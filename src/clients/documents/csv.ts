interface CsvRow {
  readonly line: number;
  /** Undefined: no row of CSV. */
  readonly values: readonly (string | null)[] | undefined;
}

/**
 * CSV as COPY reads it: fields between commas, quotes around what has commas, quotes or line breaks, quotes within doubled.
 * A field that is empty and not quoted is null.
 */
export class CsvReader {
  /** What is whole by now, with the line it begins on; take them off as they are used. */
  readonly rows: CsvRow[] = [];
  private line = 0;
  /** A row with quotes that have not ended. */
  private begun: { readonly line: number; readonly lines: string[]; characters: number } | undefined;

  /** Where quotes began that have not ended, and how much has come since. */
  get open(): { readonly line: number; readonly characters: number } | undefined {
    return this.begun;
  }

  take(line: string): void {
    this.line += 1;
    const row = this.begun ?? { line: this.line, lines: [], characters: 0 };
    row.lines.push(line);
    row.characters += line.length + 1;
    // Within quotes only a line with an odd number of them can end the field: no row is read more than twice.
    if (this.begun !== undefined && line.split('"').length % 2 === 1) return;
    const text = row.lines.join('\n').replace(/\r$/, '');
    const values = fieldsOf(text);
    this.begun = values === 'open' ? row : undefined;
    if (values === 'open' || text.trim() === '') return;
    this.rows.push({ line: row.line, values: values === 'malformed' ? undefined : values });
  }
}

/** Open: quotes have not ended. Malformed: quotes are neither around a field nor doubled, whatever comes behind. */
function fieldsOf(text: string): readonly (string | null)[] | 'open' | 'malformed' {
  const values: (string | null)[] = [];
  for (let at = 0; ; at += 1) {
    const end = text[at] === '"' ? quotesEnd(text, at + 1) : at;
    if (end < 0) return 'open';
    const quoted = end > at ? text.slice(at + 1, end - 1).replaceAll('""', '"') : undefined;
    const comma = text.indexOf(',', end);
    at = comma < 0 ? text.length : comma;
    const plain = text.slice(end, at);
    if (plain.includes('"')) return 'malformed';
    values.push(quoted === undefined ? (plain === '' ? null : plain) : `${quoted}${plain}`);
    if (comma < 0) return values;
  }
}

/** Behind the quote that ends the field; -1 where there is none. */
function quotesEnd(text: string, from: number): number {
  for (let at = from; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0 || text[at + 1] !== '"') return at < 0 ? at : at + 1;
  }
}
