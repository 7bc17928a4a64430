import type { WatchedAddress } from '../../http/client.js';
import { streamQuery } from '../ksqldb/query.js';
import type { DocumentsClient } from './contract.js';
import { fieldValueOf, valueAt } from './field-value.js';
import { type ScannedDocument, scannedDocuments } from './scanned.js';

/**
 * A stream or table as its pull query answers it: a document has its columns, the fields of a STRUCT below them. A
 * collection is its name as ksqlDB has it.
 */
export function ksqldbDocuments(address: WatchedAddress, signal: AbortSignal): DocumentsClient {
  async function* rows(name: string): AsyncGenerator<ScannedDocument> {
    let columns: readonly string[] = [];
    for await (const part of streamQuery(address, `SELECT * FROM ${quoteName(name)};`, { signal, exact: true })) {
      if (part.kind === 'header') columns = part.columns;
      if (part.kind !== 'row') continue;
      const document = Object.fromEntries(columns.map((column, index) => [column, part.values[index]]));
      yield { mark: '', at: (path) => fieldValueOf(valueAt(document, path.split('.'))) };
    }
  }
  return scannedDocuments({ version: 'ksqlDB', versioned: false }, rows);
}

const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
