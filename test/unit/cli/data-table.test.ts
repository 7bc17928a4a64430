import { describe, expect, it } from 'vitest';
import { dataTable } from '../../../src/cli/data-table.js';
import { RowPrinter } from '../../../src/cli/row-printer.js';

const printed = (
  terminalColumns: number | undefined,
  columns: readonly string[],
  rows: readonly unknown[][],
): string => {
  let text = '';
  const printer = new RowPrinter(
    columns,
    (more) => {
      text += more;
    },
    terminalColumns,
  );
  for (const row of rows) printer.print(row, row[0] === 'gone');
  return text;
};
const widest = (text: string): number => Math.max(...text.split('\n').map((each) => each.length));

describe('tables', () => {
  const rows = [
    ['1', 'x'.repeat(60)],
    ['2', 'y'],
  ];

  it('cut the widest column where the terminal is narrower', () => {
    expect(widest(dataTable(['id', 'text'], rows, 40))).toBe(40);
    expect(dataTable(['id', 'text'], rows)).toContain('x'.repeat(60));
  });

  it('become lists of names and values where there is no room for their columns', () => {
    const names = Array.from({ length: 12 }, (_, at) => `column${at}`);
    const text = dataTable(names, [names.map((name) => `value of ${name}`)], 80);
    expect(text.split('\n').slice(0, 3)).toEqual([
      '─── 1 ───',
      'column0   value of column0',
      'column1   value of column1',
    ]);
  });

  it('of a query leave room for longer rows to come, and are never wider than the terminal', () => {
    const text = printed(
      30,
      ['K', 'V'],
      [
        ['a', 'b'],
        ['gone', 'NULL'],
        ['a'.repeat(40), 'b'],
      ],
    );
    expect(text.split('\n')[3]).toMatch(/^gone +NULL +\(deleted\)$/);
    expect(widest(text.replace(/ +\(deleted\)/, ''))).toBeLessThanOrEqual(30);
  });

  it('of a query into a file are cut nowhere', () => {
    expect(printed(undefined, ['K'], [['a'], ['a'.repeat(200)]])).toContain('a'.repeat(200));
  });
});
