import type { DocumentQuery, DocumentsClient, FieldValue, FoundDocument } from './contract.js';
import { fieldValueOf, isSameField } from './field-value.js';
import { holdsAll } from './lookups.js';

/** A document of a place that can only be read from end to end: fields by their path. */
export interface ScannedDocument {
  /** What tells it from another version beside its values, as the number of its line in a file that was written just then. */
  readonly mark: string;
  at(path: string): FieldValue;
}

const BLOCK = 1_000;

/** A place without indexes as documents: every call, a look-up too, reads all of it anew. */
export function scannedDocuments(
  { version, versioned }: { readonly version: string; readonly versioned: boolean },
  read: (collection: string) => AsyncIterable<ScannedDocument>,
): DocumentsClient {
  async function* stream(query: DocumentQuery, signal?: AbortSignal): AsyncGenerator<readonly FoundDocument[]> {
    const wanted = Object.entries(query.where).map(([path, value]) => ({ path, value: fieldValueOf(value) }));
    let block: FoundDocument[] = [];
    for await (const document of read(query.collection)) {
      signal?.throwIfAborted();
      if (!wanted.every(({ path, value }) => isSameField(document.at(path), value))) continue;
      const values = query.paths.map((path) => document.at(path));
      block.push({ values, version: `${document.mark}${JSON.stringify(values)}` });
      if (block.length < BLOCK) continue;
      yield block;
      block = [];
    }
    if (block.length > 0) yield block;
  }
  return {
    versioned,
    scans: true,
    version: async () => version,
    estimate: async () => -1,
    stream,
    async find(query, lookups) {
      const found: FoundDocument[] = [];
      const isWanted = holdsAll(query, lookups);
      for await (const block of stream(query)) found.push(...block.filter(isWanted));
      return found;
    },
    close: async () => {},
  };
}
