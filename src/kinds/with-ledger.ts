import { server } from '../targets/component.js';
import { type Ledger, ledgerTopic, openLedger } from './ledger.js';
import type { Session } from './session.js';
import { kafkaClient } from './topic/client.js';

/** Undefined where there is no ledger; Kafka of evpipe's own is started where it was stopped. */
export async function withLedger<T>(session: Session, work: (ledger: Ledger) => Promise<T>): Promise<T | undefined> {
  if ((await session.target.endpoint(server('kafka'))) === undefined) await session.target.start(server('kafka'));
  const kafka = await kafkaClient(session.clients);
  if ((await kafka.describeTopic(ledgerTopic(session.pipeline.name))) === undefined) return undefined;
  const ledger = await openLedger(kafka, session.pipeline.name, session.emit);
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}
