/**
 * CSV as COPY reads it: fields between commas, quotes around what has commas, quotes or line breaks, quotes within doubled.
 * A field that is empty and not quoted is null.
 */
export class CsvReader {
  /** What is whole by now, with the line it begins on; take them off as they are used. */
  readonly rows: { readonly line: number; readonly values: readonly (string | null)[] }[] = [];
  private line = 0;
  private begun: { readonly line: number; readonly text: string } | undefined;

  /** The line on which quotes began that have not ended. */
  get openSince(): number | undefined {
    return this.begun?.line;
  }

  take(line: string): void {
    this.line += 1;
    const row =
      this.begun === undefined
        ? { line: this.line, text: line }
        : { ...this.begun, text: `${this.begun.text}\n${line}` };
    const values = fieldsOf(row.text.replace(/\r$/, ''));
    this.begun = values === undefined ? row : undefined;
    if (values !== undefined && row.text.trim() !== '') this.rows.push({ line: row.line, values });
  }
}

const FIELD = /"((?:[^"]|"")*)"([^,"]*)|([^,"]*)/y;

/** Undefined where quotes have not ended. */
function fieldsOf(text: string): readonly (string | null)[] | undefined {
  const values: (string | null)[] = [];
  for (let at = 0; ; at += 1) {
    FIELD.lastIndex = at;
    const [whole = '', quoted, behind = '', plain = ''] = FIELD.exec(text) ?? [];
    at += whole.length;
    if (at < text.length && text[at] !== ',') return undefined;
    values.push(quoted === undefined ? (plain === '' ? null : plain) : `${quoted.replaceAll('""', '"')}${behind}`);
    if (at >= text.length) return values;
  }
}
