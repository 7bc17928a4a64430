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
    const client = await databaseClient(session.clients, view.database, SESSION_SETTINGS);
    const sql = `SELECT ${quoteColumn(view.key)}::text, ${quoteColumn(view.status)}::text FROM ${tableSql(view.table)} t`;
    for (const [key, status] of await client.queryText(sql)) found.set(key ?? '', status ?? '');
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
  const client = await databaseClient(session.clients, database, SESSION_SETTINGS);
  const rows = await client.queryText(`SELECT ${quoteColumn(column)}::text FROM ${tableSql(table)} t`);
  return new Set(rows.map(([key]) => key ?? ''));
}
