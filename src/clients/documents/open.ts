import { EvpipeError } from '../../support/errors.js';
import type { Liveness } from '../../support/liveness.js';
import type { DocumentsClient } from './contract.js';

export interface OpenDocumentsOptions {
  /** Its scheme says what the store is: postgres: or mongodb:. */
  readonly url: string;
  readonly signal: AbortSignal;
  readonly liveness?: Liveness | undefined;
}

/** Connects. Throws EVPIPE_DOCUMENTS_URL (kind usage), and what the driver's client says where nothing answers (kind unreachable). */
export async function openDocuments({ url, signal, liveness }: OpenDocumentsOptions): Promise<DocumentsClient> {
  if (/^postgres(ql)?:/.test(url)) {
    const { openPostgresDocuments } = await import('./postgres.js');
    return openPostgresDocuments({ url, signal, liveness });
  }
  if (/^mongodb(\+srv)?:/.test(url)) {
    const { openMongoDocuments } = await import('./mongodb.js');
    return openMongoDocuments(url, liveness);
  }
  throw new EvpipeError(
    'EVPIPE_DOCUMENTS_URL',
    'the address of a document store must start with postgres: or mongodb:',
    {
      kind: 'usage',
    },
  );
}
