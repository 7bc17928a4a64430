import { expect, it } from 'vitest';
import { CsvReader } from '../../../../src/clients/documents/csv.js';

function rowsOf(text: string): CsvReader['rows'] {
  const reader = new CsvReader();
  for (const line of text.split('\n')) reader.take(line);
  return reader.rows;
}

it('reads fields as COPY does: empty is null unless it is quoted, quotes hold commas, line breaks and doubled quotes', () => {
  expect(rowsOf('a,"b,c",,""\r\n"x ""y""\nz",1,"",\n\nlast,2,3,4')).toEqual([
    { line: 1, values: ['a', 'b,c', null, ''] },
    { line: 2, values: ['x "y"\nz', '1', '', null] },
    { line: 5, values: ['last', '2', '3', '4'] },
  ]);
});

it.each(['a"b', '"a"b"', 'a,b"c"'])('says at once that %s is no row, and goes on with the next', (text) => {
  expect(rowsOf(`${text}\nnext`)).toEqual([
    { line: 1, values: undefined },
    { line: 2, values: ['next'] },
  ]);
});

it('reads quotes that never end once, however many lines follow', () => {
  const reader = new CsvReader();
  reader.take('"begun');
  for (let line = 0; line < 300_000; line++) reader.take('more, and ""more""');
  expect(reader.rows).toEqual([]);
  expect(reader.open).toMatchObject({ line: 1 });
  reader.take('end"');
  expect(reader.rows).toMatchObject([{ line: 1 }]);
});

it('takes a field of many megabytes', () => {
  const field = 'x'.repeat(20_000_000);
  expect(rowsOf(`1,"${field}"`)[0]?.values?.[1]).toHaveLength(field.length);
});
