import { EvpipeError } from '../support/errors.js';
import type { Log } from '../support/log.js';
import type { DocumentStore } from './document-store.js';

/** By the address's scheme: postgres: JSON documents in tables, mongodb: MongoDB. Only that one's driver is loaded. */
export async function openDocumentStore(url: string, name: string, log: Log): Promise<DocumentStore> {
  if (/^postgres(ql)?:/.test(url)) {
    const { openPostgresStore } = await import('./documents-postgres.js');
    return openPostgresStore(url, name, log);
  }
  if (/^mongodb(\+srv)?:/.test(url)) {
    const { openMongoStore } = await import('./documents-mongodb.js');
    return openMongoStore(url, name);
  }
  throw new EvpipeError('EVPIPE_DOCUMENTS_URL', 'the address of a document store begins with postgres: or mongodb:');
}
