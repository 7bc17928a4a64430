import { relative } from 'node:path';
import { expect, it } from 'vitest';
import { generatedFiles } from '../../../src/documentation.js';
import { packageFolder } from '../../../src/support/package.js';

it.each(
  generatedFiles().map(({ file, committed, wanted }) => [relative(packageFolder, file), committed, wanted] as const),
)('%s is what `npm run docs` writes', (_, committed, wanted) => {
  expect(committed).toBe(wanted);
});
