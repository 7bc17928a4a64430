import * as z from 'zod';
import type { FileKind } from './kind.js';
import type { ReferenceValues } from './pipeline.js';
import { parseReference, referenceForm, resolveReferences } from './references.js';

/**
 * A namespace keeps users of one file apart on servers that they share: what the file calls `orders` is `ann_orders` there.
 * It has no "_" itself, so that no names begin with the prefix of another.
 */
export const namespaceSpec = z.string().regex(/^[a-z][a-z0-9]{0,19}$/, {
  error: 'a namespace begins with a small letter, and has small letters and digits, 20 at most',
});

/** What a thing is called on its servers. */
export const sharedName = (namespace: string | undefined, name: string): string =>
  namespace === undefined ? name : `${namespace}_${name}`;

/** What the pipeline itself is called: of this the names of slots, of folders and of the ledger are made. */
export const pipelineName = (namespace: string | undefined, name: string): string =>
  namespace === undefined ? name : `${namespace}-${name}`;

/** What `$(topics.orders.name)` and its like mean, which does not depend on what runs. */
export function sharedNames(
  kinds: readonly FileKind[],
  pipeline: string,
  namespace: string | undefined,
): ReferenceValues {
  const shared = (name: string): string => sharedName(namespace, name);
  return {
    get: (path) => {
      const reference = parseReference(path);
      const { name, field } = reference;
      return referenceForm(reference, kinds)?.shared?.({ name, field, pipeline, shared });
    },
    entries: () => [],
  };
}

/** The same value with these references replaced in all its texts. */
export function resolvedTexts(value: unknown, values: ReferenceValues): unknown {
  if (typeof value === 'string') return resolveReferences(value, values);
  if (Array.isArray(value)) return value.map((one) => resolvedTexts(one, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolvedTexts(one, values)]));
}
