import { streamQuery } from '../../clients/ksqldb/query.js';
import { quoteColumn, SESSION_SETTINGS, tableSql } from '../../consistency/table-place.js';
import { server } from '../../targets/component.js';
import { databaseClient } from '../database/client.js';
import type { Session } from '../session.js';
import type { StagesSection, StatusViewSection } from './section.js';

/** The last status of every key, as a view keeps it: a table, or a ksqlDB table by one pull query. */
export async function readView(view: StatusViewSection, session: Session): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if ('database' in view) {
    const { database, table, key, status } = view;
    const sql = `SELECT ${quoteColumn(key)}::text, ${quoteColumn(status)}::text FROM ${tableSql(table)} t`;
    for (const [one, last] of await readRows(database, sql, session)) found.set(one ?? '', last ?? '');
    return found;
  }
  const { host } = await session.clients.endpoint(server('ksqldb'));
  const ksql = `SELECT ${view.key}, ${view.status} FROM ${view.ksqldb};`;
  for await (const part of streamQuery({ ...host, liveness: session.clients.liveness }, ksql, {
    signal: session.signal,
  }))
    if (part.kind === 'row') found.set(String(part.values[0]), String(part.values[1]));
  return found;
}

export async function readKeys(
  { database, table, column }: NonNullable<StagesSection['keys']>,
  session: Session,
): Promise<ReadonlySet<string>> {
  const sql = `SELECT ${quoteColumn(column)}::text FROM ${tableSql(table)} t`;
  return new Set((await readRows(database, sql, session)).map(([key]) => key ?? ''));
}

/** Tables are read again while something is waited for: no connection outlasts its reading. */
async function readRows(database: string, sql: string, session: Session) {
  const client = await databaseClient(session.clients, database, SESSION_SETTINGS);
  try {
    return await client.queryText(sql);
  } finally {
    await client.close();
  }
}
