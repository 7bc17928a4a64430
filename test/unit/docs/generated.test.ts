import { relative } from 'node:path';
import { expect, it } from 'vitest';
import { generatedFiles } from '../../../src/documentation.js';
import { packageFolder } from '../../../src/support/package.js';

it.each(
  generatedFiles().map(({ file, committed, wanted }) => [relative(packageFolder, file), committed, wanted] as const),
)('%s is what `npm run docs` writes', (_, committed, wanted) => {
  expect(committed).toBe(wanted);
});

it('explains every entry of every generated table', () => {
  const unexplained = generatedFiles().flatMap(({ wanted }) =>
    wanted.split(/\n(?!\|)/).flatMap((table) => {
      const [head = '', , ...rows] = table.trim().split('\n');
      return head.endsWith(' meaning |') ? rows.filter((row) => row.endsWith('|  |')) : [];
    }),
  );
  expect(unexplained).toEqual([]);
});
