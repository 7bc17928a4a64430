import { z } from 'zod';
import { mapping, text } from './spec-words.js';

/** The words that the entries of `targets:` are made of. */

export const placed = z.enum(['embedded', 'compose'], { error: 'must be embedded, compose or an address' });
export const INSIDE = 'The same server as the stack’s own servers see it, where that is another address';

const urlAddress = z.union(
  [
    placed,
    mapping({
      url: text.describe('Where it answers'),
      inside: mapping({ url: text.describe('Where it answers') })
        .optional()
        .describe(INSIDE),
    }),
  ],
  { error: 'must be embedded, compose, or a mapping with url' },
);

/** Of a component that a pipeline has one of. */
export const onePlaced = (what: string) => urlAddress.optional().describe(`${what}: embedded, compose, or { url }`);

/** Of components that have names. */
export const eachPlaced = (what: string) => z.record(z.string(), urlAddress).optional().describe(what);
