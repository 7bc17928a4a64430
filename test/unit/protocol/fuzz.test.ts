import { expect, test } from 'vitest';
import { DECODERS, fuzz } from '../../support/decoder-fuzz.js';

/** `npm run soak` goes on much longer, with other seeds. */
test.each(DECODERS)('damaged $name cost little and are refused, or mean something else', (decoder) => {
  expect(fuzz(decoder, 2_000, 1)).toBeUndefined();
});
