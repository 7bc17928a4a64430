import { cellText, fittingWidths, headText, lineText, recordText, textWidth } from './data-table.js';

/** How much wider than its first row needs a column of a query is made, where there is room: later rows may be longer. */
const SPARE_MAX = 40;

/** Prints the rows of a query as they come: it may go on for ever, so the first row decides how wide the columns are. */
export class RowPrinter {
  private widths: readonly number[] | undefined;
  private rows = 0;

  constructor(
    private readonly columns: readonly string[],
    private readonly out: (text: string) => void,
    /** Undefined where there is no terminal: nothing is cut then. */
    private readonly terminalColumns: number | undefined,
  ) {}

  print(values: readonly unknown[], tombstone: boolean): void {
    const cells = values.map(cellText);
    this.rows += 1;
    const mark = tombstone ? '  (deleted)' : '';
    if (this.rows === 1) {
      this.widths = this.chooseWidths(cells);
      if (this.widths !== undefined) this.out(headText(this.columns, this.widths));
    }
    const text =
      this.widths === undefined
        ? recordText(this.columns, cells, this.rows).trimEnd()
        : this.lineOf(cells, this.widths);
    this.out(`${text}${mark}\n`);
  }

  private chooseWidths(cells: readonly string[]): readonly number[] | undefined {
    const natural = this.columns.map((name, index) => Math.max(textWidth(name), textWidth(cells[index] ?? '')));
    const widths = fittingWidths(natural, this.terminalColumns);
    if (widths === undefined || this.terminalColumns === undefined) return widths;
    const left = this.terminalColumns - natural.reduce((sum, width) => sum + width + 2, 0);
    const spare = Math.min(SPARE_MAX, Math.floor(left / widths.length));
    return spare > 0 ? widths.map((width) => width + spare) : widths;
  }

  private lineOf(cells: readonly string[], widths: readonly number[]): string {
    if (this.terminalColumns !== undefined) return lineText(cells, widths).trimEnd();
    return cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  }
}
