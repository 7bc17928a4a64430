import type { Session } from '../session.js';
import { type Ledger, openLedger, readLedger } from './ledger.js';
import { ledgerPlaces } from './places.js';

/** Undefined where nothing was ever noted; a server of evpipe's own that keeps the ledger is started where it was stopped. */
export async function withLedger<T>(session: Session, work: (ledger: Ledger) => Promise<T>): Promise<T | undefined> {
  await ledgerPlaces(session)[0].start();
  if ((await readLedger(session)).keys('').length === 0) return undefined;
  const ledger = await openLedger(session);
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}
