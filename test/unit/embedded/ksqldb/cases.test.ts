import { describe, expect, it } from 'vitest';
import { caseFiles, play, readCases } from './case-file.js';

describe.each(caseFiles())('%s', (file) => {
  it.each(readCases(file))('$name', async (one) => {
    const { found, wanted } = await play(one);
    expect(found).toEqual(wanted);
  });
});
