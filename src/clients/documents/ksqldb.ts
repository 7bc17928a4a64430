import type { WatchedAddress } from '../../http/client.js';
import { quoteLiteral } from '../../protocol/sql.js';
import { connectKsqldb } from '../ksqldb/client.js';
import { streamQuery } from '../ksqldb/query.js';
import type { DocumentsClient, FoundDocument, Lookup } from './contract.js';
import { fieldValueOf, valueAt } from './field-value.js';
import { type ScannedDocument, scannedDocuments } from './scanned.js';

/**
 * A stream or table as its pull query answers it: a document has its columns, the fields of a STRUCT below them. A
 * collection is its name as ksqlDB has it. A table is asked for few documents by its key; everything else is read whole.
 */
export function ksqldbDocuments(address: WatchedAddress, signal: AbortSignal): DocumentsClient {
  async function* rows(name: string, condition = ''): AsyncGenerator<ScannedDocument> {
    let columns: readonly string[] = [];
    const query = `SELECT * FROM ${quoteName(name)}${condition};`;
    for await (const part of streamQuery(address, query, { signal, exact: true })) {
      if (part.kind === 'header') columns = part.columns;
      if (part.kind !== 'row') continue;
      const document = Object.fromEntries(columns.map((column, index) => [column, part.values[index]]));
      yield { mark: '', at: (path) => fieldValueOf(valueAt(document, path.split('.'))) };
    }
  }
  const documents = (read: (name: string) => AsyncGenerator<ScannedDocument>): DocumentsClient =>
    scannedDocuments({ version: 'ksqlDB', versioned: false }, read);
  const whole = documents((name) => rows(name));
  const keys = new Map<string, Promise<TableKey | undefined>>();
  const keyOf = (name: string): Promise<TableKey | undefined> => {
    const known = keys.get(name);
    if (known !== undefined) return known;
    const key = readKey(name, address, signal);
    keys.set(name, key);
    key.catch(() => keys.delete(name)); // asked again by the next look-up
    return key;
  };
  return {
    ...whole,
    async find(query, lookups) {
      const literals = literalsOf(await keyOf(query.collection), lookups);
      if (literals === undefined) return whole.find(query, lookups);
      const found: FoundDocument[] = [];
      for (let first = 0; first < literals.values.length; first += KEYS_PER_QUERY) {
        const some = literals.values.slice(first, first + KEYS_PER_QUERY).join(', ');
        const condition = ` WHERE ${quoteName(literals.column)} IN (${some})`;
        found.push(...(await documents((name) => rows(name, condition)).find(query, lookups)));
      }
      return found;
    },
  };
}

/** Bounds the text of one statement. */
const KEYS_PER_QUERY = 500;
/** Beyond this number one pull query of all rows is less work than many of some. */
const KEYS_MAX = 5_000;

/** The only column of a table's key. */
interface TableKey {
  readonly column: string;
  /** As DESCRIBE says it: STRING, BIGINT. */
  readonly type: string;
}

/** Undefined where a pull query by key does not find all documents of a key at once: a stream, a key of several columns. */
async function readKey(name: string, address: WatchedAddress, signal: AbortSignal): Promise<TableKey | undefined> {
  const ksqldb = connectKsqldb(address, signal);
  try {
    const [entity] = await ksqldb.send(`DESCRIBE ${quoteName(name)};`);
    const source = entity?.sourceDescription as Described | undefined;
    const [key, another] = (source?.fields ?? []).filter(({ type }) => type === 'KEY');
    if (source?.type !== 'TABLE' || key === undefined || another !== undefined) return undefined;
    return { column: key.name, type: key.schema.type };
  } finally {
    ksqldb.close();
  }
}

interface Described {
  readonly type: string;
  readonly fields: readonly {
    readonly name: string;
    readonly type?: string;
    readonly schema: { readonly type: string };
  }[];
}

/** Bits of whole numbers: ksqlDB refuses a literal that its type can't hold, which is no key then. */
const WHOLE_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['INTEGER', 32],
  ['BIGINT', 64],
]);

/** The wanted keys as SQL, where equal texts are equal keys: a uuid may stand there in any letter case. */
function literalsOf(
  key: TableKey | undefined,
  lookups: readonly Lookup[],
): { readonly column: string; readonly values: readonly string[] } | undefined {
  const lookup = lookups.find(({ path }) => path === key?.column);
  if (key === undefined || lookup === undefined || lookup.texts.length > KEYS_MAX) return undefined;
  const { column, type } = key;
  if (lookup.kind === 'text' && type === 'STRING') return { column, values: lookup.texts.map(quoteLiteral) };
  const bits = WHOLE_NUMBERS.get(type);
  if (lookup.kind !== 'number' || bits === undefined) return undefined;
  const isKey = (text: string): boolean =>
    /^-?\d{1,19}$/.test(text) && BigInt.asIntN(bits, BigInt(text)) === BigInt(text);
  return { column, values: lookup.texts.filter(isKey) };
}

const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
