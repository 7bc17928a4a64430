import { expect, it } from 'vitest';
import { checksHtml, checksMarkdown } from '../../../src/cli/check-page.js';
import type { CheckReport } from '../../../src/kinds/events.js';

const long = 'x'.repeat(3_000);
const report: CheckReport = {
  ...{ check: 'persons', kind: 'compare', verdict: 'inconsistent', source: 'a.t', replica: 'b.t' },
  ...{ sourceRows: 9, replicaRows: 8, missing: 1, extra: 0, different: 3, listed: 3 },
  ...{ compared: ['name'], skipped: ['t.secret'], way: [], elapsedMs: 1 },
  findings: [
    { kind: 'missing', key: ['17', null], columns: [] },
    {
      kind: 'different',
      key: ['a|b', '<script>alert(1)</script>'],
      columns: [
        { column: 'name', source: null, replica: 'NULL' },
        { column: 'note', source: 'a', replica: 'a ' },
        { column: 'text', source: long, replica: `it's\n**bold** [x](y) \`z\`` },
      ],
    },
    { kind: 'duplicated', key: ['1'], columns: [], rows: { source: 1, replica: 2 } },
  ],
};

it('writes Markdown in which every row has as many cells as its head, whatever the data', () => {
  const text = checksMarkdown('shop', [report]);
  const tables = text.split('\n\n').filter((block) => block.startsWith('|'));
  expect(tables).toHaveLength(2);
  for (const table of tables)
    expect(
      new Set(
        table
          .trim()
          .split('\n')
          .map((row) => row.split('|').length),
      ).size,
    ).toBe(1);
  expect(text).toContain('1 more key counted, not listed');
  expect(text).toContain('not compared: t.secret');
});

it('lists every finding whole and tells NULL from a text, and a text from the same with a blank', () => {
  for (const text of [checksMarkdown('shop', [report]), checksHtml('shop', [report])]) {
    expect(text).toContain(long);
    expect(text).toMatch(/<em>NULL<\/em>.*<code>&#39;NULL&#39;<\/code>/);
    expect(text).toMatch(/<code>a<\/code>.*<code>&#39;a &#39;<\/code>/);
    expect(text).not.toMatch(/<script|\*\*bold|\[x\]/);
  }
});

it('writes one HTML file that asks for nothing else', () => {
  const html = checksHtml('shop', [report]);
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).not.toMatch(/src=|href=|@import|url\(/);
});
