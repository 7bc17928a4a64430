import * as z from 'zod';
import { mapping, text } from './spec-words.js';

/** The words that the entries of `targets:` are made of. */

export const placed = z.enum(['embedded', 'compose'], { error: 'must be embedded, compose or an address' });
export const INSIDE = 'The same server as the stack’s own servers see it, where that is another address';

export const insideUrl = mapping({ url: text.describe('Where it answers') })
  .optional()
  .describe(INSIDE);

const url = text.describe('Where it answers');

/** Certificates by their files, relative to the pipeline's file. */
export const tls = mapping({
  ca: text.optional().describe('PEM file with the authorities to trust, in place of the system’s'),
  cert: text.optional().describe('PEM file with the client certificate (mTLS)'),
  key: text.optional().describe('PEM file with its key'),
  rejectUnauthorized: z.boolean().optional().describe('false trusts any certificate'),
}).refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
  error: 'cert and key belong together',
});

/** A server that speaks HTTP, and what it asks of a client. */
const httpServer = z
  .union(
    [
      placed,
      mapping({
        url,
        username: text.optional().describe('Basic authentication; may be in the URL too'),
        password: text.optional().describe('Take it from the environment'),
        token: text.optional().describe('Bearer token, in place of a user; take it from the environment'),
        ssl: tls.optional().describe('Certificates for https'),
        inside: insideUrl,
      }),
    ],
    { error: 'must be embedded, compose, or a mapping with url' },
  )
  .refine((at) => typeof at === 'string' || at.token === undefined || at.username === undefined, {
    error: 'has a token and a username; a server takes one of them',
  })
  .refine((at) => typeof at === 'string' || at.password === undefined || at.username !== undefined, {
    error: 'has a password without a username',
  });

/** Of a component that a pipeline has one of. */
export const onePlaced = (what: string) => httpServer.optional().describe(`${what}: embedded, compose, or { url }`);

/** Of components that have names and speak HTTP. */
export const eachHttpPlaced = (what: string) => z.record(z.string(), httpServer).optional().describe(what);

/** Of components that have names and another protocol: all is in the URL, but for what `more` adds. */
export const eachPlaced = (what: string, more: z.core.$ZodLooseShape = {}) =>
  z
    .record(
      z.string(),
      z.union([placed, mapping({ url, ...more, inside: insideUrl })], {
        error: 'must be embedded, compose, or a mapping with url',
      }),
    )
    .optional()
    .describe(what);
