import type { DocumentQuery, DocumentsClient, FieldValue, FoundDocument, Lookup } from './contract.js';
import { fieldValueOf, isSameField } from './field-value.js';
import { holdsAll } from './lookups.js';

/** A document of a place that can only be read from end to end: fields by their path. */
export interface ScannedDocument {
  /** What tells it from another version beside its values, as the number of its line in a file that was written just then. */
  readonly mark: string;
  at(path: string): FieldValue;
}

const BLOCK = 1_000;

/** Bounds memory: characters of the documents that the last look-up has found and that are kept for the next one. */
const KEPT_CHARACTERS_MAX = 16 * 2 ** 20;

interface Place {
  readonly version: string;
  readonly versioned: boolean;
  /** Another text whenever it was written in between; undefined where a write might not show. Absent: nothing tells. */
  stampOf?(collection: string): Promise<string | undefined>;
}

/** What a look-up has found, and what it looked for. */
interface Kept {
  readonly query: string;
  readonly texts: ReadonlyMap<string, ReadonlySet<string>>;
  readonly stamp: string;
  readonly found: readonly FoundDocument[];
}

/**
 * A place without indexes as documents: every call reads all of it anew, but for a look-up of some of the keys that were
 * looked up before in what was not written since. A comparison looks at all keys that differ, and then at some after some.
 */
export function scannedDocuments(
  { version, versioned, stampOf = async () => undefined }: Place,
  read: (collection: string) => AsyncIterable<ScannedDocument>,
): DocumentsClient {
  let kept: Kept | undefined;
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
      const isWanted = holdsAll(query, lookups);
      const stamp = await stampOf(query.collection);
      if (kept !== undefined && kept.stamp === stamp && isPartOf(kept, query, lookups))
        return kept.found.filter(isWanted);
      kept = undefined;
      const found: FoundDocument[] = [];
      for await (const block of stream(query)) found.push(...block.filter(isWanted));
      const characters = found.reduce((sum, one) => sum + one.version.length, 0);
      if (stamp !== undefined && characters <= KEPT_CHARACTERS_MAX && stamp === (await stampOf(query.collection)))
        kept = { query: JSON.stringify(query), texts: textsOf(lookups), stamp, found };
      return found;
    },
    close: async () => {},
  };
}

const textsOf = (lookups: readonly Lookup[]): Kept['texts'] =>
  new Map(lookups.map(({ path, kind, texts }) => [`${kind} ${path}`, new Set(texts)]));

/** Whether all that is looked for now was looked for then. */
function isPartOf({ query: before, texts: known }: Kept, query: DocumentQuery, lookups: readonly Lookup[]): boolean {
  if (lookups.length !== known.size || before !== JSON.stringify(query)) return false;
  return lookups.every(({ path, kind, texts }) => {
    const all = known.get(`${kind} ${path}`);
    return all !== undefined && texts.every((text) => all.has(text));
  });
}
