import * as z from 'zod';
import { section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { mapping, name, named } from '../../pipeline/spec-words.js';
import type { Placed, UrlAddress } from '../../targets/component.js';

export interface StoreSection extends Located {
  readonly kind: 'documents' | 'cache';
  /** Which of several servers of its kind holds it; undefined: the one of all stores that name none. */
  readonly server: string | undefined;
  /** The pipeline works without it; `$(stores.NAME.url)` is then empty. */
  readonly optional: boolean;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly stores: readonly StoreSection[];
  }

  interface TargetSection {
    readonly stores?: Readonly<Record<string, Placed<UrlAddress>>> | undefined;
  }
}

const store = mapping({
  kind: z.enum(['documents', 'cache'], { error: 'must be documents or cache' }).describe('MongoDB or Redis'),
  server: name
    .optional()
    .describe('Which of several servers of its kind holds it: stores that name the same one share it'),
  optional: z.boolean().default(false).describe('The pipeline works without it'),
});

export const stores = section(
  'stores',
  named(store).default({}).describe('Stores beside the databases'),
  (declared, { each }) => ({
    stores: each('stores', declared, ({ kind, server, optional }, at) => ({ ...at, kind, server, optional })),
  }),
);
