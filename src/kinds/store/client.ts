import type { DocumentsClient } from '../../clients/documents/contract.js';
import type { Clients } from '../clients.js';
import { store } from './component.js';

/** A connection of its own for the caller to a store of kind documents; closed with the session at the latest. */
export async function documentsClient(clients: Clients, name: string): Promise<DocumentsClient> {
  const { host } = await clients.endpoint(store(name));
  const { url } = clients.target.as(host, 'reader');
  const { openDocuments } = await import('../../clients/documents/open.js');
  return clients.closing(await openDocuments({ url, signal: clients.signal, liveness: clients.liveness }));
}
