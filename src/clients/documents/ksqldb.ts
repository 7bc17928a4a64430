import type { HttpAddress } from '../../http/client.js';
import { streamQuery } from '../ksqldb/query.js';
import type { DocumentQuery, DocumentsClient, FoundDocument } from './contract.js';
import { fieldValueOf, isSameField, valueAt } from './field-value.js';
import { holdsAll } from './lookups.js';

const BLOCK = 1_000;

/**
 * A stream or table as its pull query answers it: a document has its columns, the fields of a STRUCT below them. A
 * collection is its name as ksqlDB has it. Each call asks anew.
 */
export function ksqldbDocuments(address: HttpAddress, signal: AbortSignal): DocumentsClient {
  async function* stream(query: DocumentQuery): AsyncGenerator<readonly FoundDocument[]> {
    const paths = query.paths.map((path) => path.split('.'));
    const wanted = Object.entries(query.where).map(([path, value]) => ({
      path: path.split('.'),
      value: fieldValueOf(value),
    }));
    let columns: readonly string[] = [];
    let block: FoundDocument[] = [];
    const ksql = `SELECT * FROM ${quoteName(query.collection)};`;
    for await (const part of streamQuery(address, ksql, { signal, exact: true })) {
      if (part.kind === 'header') columns = part.columns;
      if (part.kind !== 'row') continue;
      const document = Object.fromEntries(columns.map((name, index) => [name, part.values[index]]));
      if (!wanted.every(({ path, value }) => isSameField(fieldValueOf(valueAt(document, path)), value))) continue;
      const values = paths.map((path) => fieldValueOf(valueAt(document, path)));
      block.push({ values, version: JSON.stringify(values) });
      if (block.length < BLOCK) continue;
      yield block;
      block = [];
    }
    if (block.length > 0) yield block;
  }
  return {
    version: async () => 'ksqlDB',
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

const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
