import { normaliseStatement } from '../../protocol/ksql/normalise.js';
import type { Diagnosis } from '../diagnosis.js';
import type { Session } from '../session.js';
import { ksqldbClient } from './client.js';

/** Whether ksqlDB answers, and queries that run more than once: running a script of INSERT INTO again starts all of them a second time. */
export async function examineKsqldb({ clients }: Session): Promise<readonly Diagnosis[]> {
  const ksqldb = await ksqldbClient(clients);
  const { version } = await ksqldb.info();
  const found: Diagnosis[] = [{ about: 'ksqldb', health: 'good', says: version }];
  const first = new Map<string, string>();
  for (const { id, text, sinks } of await ksqldb.runningQueries()) {
    const statement = normaliseStatement(text);
    const other = first.get(statement);
    if (other === undefined) {
      first.set(statement, id);
      continue;
    }
    const says = `does the same as ${other}: every record of ${sinks.join(', ')} is written twice`;
    const todo = `Terminate one of them: evpipe ksql -e 'TERMINATE ${id};'`;
    found.push({ about: `query ${id}`, health: 'warning', says, todo });
  }
  return found;
}
