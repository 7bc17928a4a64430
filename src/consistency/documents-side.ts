import { createHash } from 'node:crypto';
import type {
  DocumentQuery,
  DocumentsClient,
  FieldValue,
  FoundDocument,
  Lookup,
} from '../clients/documents/contract.js';
import { fieldValueOf, isSameField } from '../clients/documents/field-value.js';
import { jsonbText } from '../clients/documents/json-text.js';
import { baseType, renderField } from './rendering.js';
import {
  Buckets,
  type Entry,
  type Key,
  keyText,
  type Row,
  SAMPLE_SHIFT,
  type Sample,
  type Scan,
  type Side,
} from './side.js';

export interface DocumentsPlace {
  /** As reports say it. */
  readonly label: string;
  readonly collection: string;
  readonly where: DocumentQuery['where'];
  /** What has these values counts as deleted. */
  readonly deleted?: DocumentQuery['where'] | undefined;
  /** Why SQL can't repair it. */
  readonly notWritable: string;
}

/** A compared or key field: its name in reports, its path in the document, the type of the column beside it. */
export interface DocumentField {
  readonly name: string;
  readonly path: string;
  readonly otherType: string;
  /** The same in every document, instead of what is at the path. */
  readonly constant?: FieldValue | undefined;
}

/** Documents as a side of a comparison, the same for every store that has a client. */
export function documentsSide(
  client: DocumentsClient,
  place: DocumentsPlace,
  key: readonly DocumentField[],
  compared: readonly DocumentField[],
  sample?: Sample,
): Side {
  const fields = [...key, ...compared];
  const deleted = Object.entries(place.deleted ?? {}).map(([path, value]) => ({ path, value: fieldValueOf(value) }));
  const query: DocumentQuery = {
    collection: place.collection,
    where: place.where,
    paths: [...fields, ...deleted].map(({ path }) => path),
  };
  const isAlive = ({ values }: FoundDocument): boolean =>
    deleted.length === 0 ||
    deleted.some(({ value }, index) => !isSameField(values[fields.length + index] ?? MISSING, value));
  const toRow = ({ values, version }: FoundDocument): Row => {
    const rendered = fields.map(({ otherType, constant }, index) =>
      renderField(constant ?? values[index] ?? MISSING, otherType),
    );
    const one = rendered.slice(0, key.length);
    return {
      key: one,
      text: keyText(one),
      values: rendered.slice(key.length),
      digest: String(BigInt.asIntN(64, BigInt(`0x${md5(rendered).slice(0, 16)}`))),
      version,
    };
  };

  const isInSample = (row: Row): boolean =>
    sample === undefined || ((hashOf(row.key) >>> SAMPLE_SHIFT) & (sample.of - 1)) < sample.below;

  async function* rowsOf(signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    for await (const block of client.stream(query, signal)) yield block.filter(isAlive).map(toRow).filter(isInSample);
  }

  return {
    label: place.label,
    columns: compared.map(({ name }) => ({ name, type: 'document' })),
    uniqueKey: false,
    versioned: client.versioned,
    scans: client.scans,
    writable: place.notWritable,
    estimateRows: () => client.estimate(place.collection),

    async buckets(of, scan) {
      const buckets = new Buckets(of);
      for await (const rows of rowsOf(scan.signal)) {
        for (const { key: one, digest } of rows) buckets.add(bucketOf(one, of), 1, BigInt(digest));
        await scan.read(rows.length);
      }
      return buckets;
    },

    async *entries(of, wanted, scan: Scan): AsyncGenerator<readonly Entry[]> {
      const mine = new Set(wanted);
      for await (const rows of rowsOf(scan.signal))
        yield rows.filter((row) => mine.has(bucketOf(row.key, of))).map(entryOf);
    },

    entriesOf: async (keys, signal) => (await lookUp(keys, signal)).map(entryOf),
    rowsOf: lookUp,
    // A store has no position that tells what was written since.
    now: async () => '',
    changedSince: async () => [],
  };

  async function lookUp(keys: readonly Key[], signal: AbortSignal): Promise<readonly Row[]> {
    const wanted = new Set(keys.map(keyText));
    const found: Row[] = [];
    const keep = (rows: readonly Row[]): void => {
      found.push(...rows.filter(({ text }) => wanted.has(text)));
    };
    const lookups = lookupsFor(key, keys);
    if (lookups === undefined) for await (const rows of rowsOf(signal)) keep(rows);
    else {
      const atOnce = client.scans ? keys.length : KEYS_PER_QUERY;
      for (let first = 0; first < keys.length; first += atOnce) {
        const some = lookupsFor(key, keys.slice(first, first + atOnce)) ?? lookups;
        keep((await client.find(query, some)).filter(isAlive).map(toRow));
      }
    }
    return found;
  }
}

const MISSING: FieldValue = { kind: 'missing' };

/** Bounds one query's parameters. */
const KEYS_PER_QUERY = 5_000;

const entryOf = ({ key, text, digest, version }: Row): Entry => ({ key, text, digest, version });

/** As table-side.ts has it in SQL, over texts written as jsonb: the key's first 32 bits, and 64 bits of the whole. */
const md5 = (texts: readonly (string | null)[]): string => createHash('md5').update(jsonbText(texts)).digest('hex');
const hashOf = (key: Key): number => Number.parseInt(md5(key).slice(0, 8), 16);
const bucketOf = (key: Key, of: number): number => hashOf(key) & (of - 1);

const NUMBERS = /^(smallint|integer|bigint|numeric)$/;
const TEXTS = /^(text|character varying|character|date)$/;

/** Undefined where a key is one that a store can't be asked for by its text: then all documents are read. */
function lookupsFor(key: readonly DocumentField[], keys: readonly Key[]): readonly Lookup[] | undefined {
  if (key.every(({ constant }) => constant !== undefined)) return undefined;
  const lookups = key.flatMap(({ path, otherType, constant }, index): readonly (Lookup | undefined)[] => {
    if (constant !== undefined) return [];
    const kind = lookupKind(baseType(otherType));
    const texts = keys.map((one) => one[index]);
    if (kind === undefined || !texts.every((text): text is string => text != null && !text.startsWith('\0'))) {
      return [undefined];
    }
    return [{ path, kind, texts: [...new Set(texts)] }];
  });
  return lookups.every((lookup) => lookup !== undefined) ? lookups : undefined;
}

function lookupKind(type: string): Lookup['kind'] | undefined {
  if (NUMBERS.test(type)) return 'number';
  if (type === 'uuid' || type === 'boolean') return type;
  return TEXTS.test(type) ? 'text' : undefined;
}
