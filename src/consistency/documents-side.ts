import { createHash } from 'node:crypto';
import type { DocumentQuery, DocumentsClient, FoundDocument, Lookup } from '../clients/documents/contract.js';
import { jsonbText } from '../clients/documents/json-text.js';
import { baseType, renderField } from './rendering.js';
import { type Key, keyText, type Row, type Side } from './side.js';

export interface DocumentsPlace {
  readonly store: string;
  readonly collection: string;
  readonly where: DocumentQuery['where'];
}

/** A compared or key field: its name in reports, its path in the document, the type of the column beside it. */
export interface DocumentField {
  readonly name: string;
  readonly path: string;
  readonly otherType: string;
}

/** Documents as a side of a comparison, the same for every store that has a client. */
export function documentsSide(
  client: DocumentsClient,
  place: DocumentsPlace,
  key: readonly DocumentField[],
  compared: readonly DocumentField[],
): Side {
  const fields = [...key, ...compared];
  const query: DocumentQuery = {
    collection: place.collection,
    where: place.where,
    paths: fields.map(({ path }) => path),
  };
  const toRow = ({ values, version }: FoundDocument): Row => {
    const rendered = fields.map(({ otherType }, index) => renderField(values[index] ?? { kind: 'missing' }, otherType));
    return { key: rendered.slice(0, key.length), values: rendered.slice(key.length), version };
  };

  async function* rowsOf(signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    for await (const block of client.stream(query, signal)) yield block.map(toRow);
  }

  return {
    label: `${place.store}.${place.collection}`,
    columns: compared.map(({ name }) => ({ name, type: 'document' })),
    estimateRows: () => client.estimate(place.collection),

    async *portion(portion, of, signal) {
      for await (const rows of rowsOf(signal)) {
        yield of === 1 ? rows : rows.filter((row) => portionOf(row.key, of) === portion);
      }
    },

    async rows(keys, signal) {
      const wanted = new Set(keys.map(keyText));
      const found: Row[] = [];
      const keep = (rows: readonly Row[]): void => {
        found.push(...rows.filter((row) => wanted.has(keyText(row.key))));
      };
      const lookups = lookupsFor(key, keys);
      if (lookups === undefined) for await (const rows of rowsOf(signal)) keep(rows);
      else {
        for (let first = 0; first < keys.length; first += KEYS_PER_QUERY) {
          const some = lookupsFor(key, keys.slice(first, first + KEYS_PER_QUERY)) ?? lookups;
          keep((await client.find(query, some)).map(toRow));
        }
      }
      return found;
    },
  };
}

/** Bounds one query's parameters. */
const KEYS_PER_QUERY = 5_000;

/** As table-side.ts has it in SQL: the first 32 bits of the MD5 of the key's texts, written as jsonb. */
function portionOf(key: Key, of: number): number {
  return Number.parseInt(createHash('md5').update(jsonbText(key)).digest('hex').slice(0, 8), 16) % of;
}

const NUMBERS = /^(smallint|integer|bigint|numeric)$/;
const TEXTS = /^(text|character varying|character|date)$/;

/** Undefined where a key is one that a store can't be asked for by its text: then all documents are read. */
function lookupsFor(key: readonly DocumentField[], keys: readonly Key[]): readonly Lookup[] | undefined {
  const lookups = key.map(({ path, otherType }, index): Lookup | undefined => {
    const kind = lookupKind(baseType(otherType));
    const texts = keys.map((one) => one[index]);
    if (kind === undefined || !texts.every((text): text is string => text != null && !text.startsWith('\0'))) {
      return undefined;
    }
    return { path, kind, texts: [...new Set(texts)] };
  });
  return lookups.every((lookup) => lookup !== undefined) ? lookups : undefined;
}

function lookupKind(type: string): Lookup['kind'] | undefined {
  if (NUMBERS.test(type)) return 'number';
  if (type === 'uuid' || type === 'boolean') return type;
  return TEXTS.test(type) ? 'text' : undefined;
}
