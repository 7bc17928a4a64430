import { expect, it } from 'vitest';
import { generatedFiles } from '../../../src/documentation.js';

it('explains every entry of every generated table', () => {
  const unexplained = generatedFiles().flatMap(({ wanted }) =>
    wanted.split(/\n(?!\|)/).flatMap((table) => {
      const [head = '', , ...rows] = table.trim().split('\n');
      return head.endsWith(' meaning |') ? rows.filter((row) => row.endsWith('|  |')) : [];
    }),
  );
  expect(unexplained).toEqual([]);
});
