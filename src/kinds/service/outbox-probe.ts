import type { PostgresClient } from '../../clients/postgres/client.js';
import type { OutboxProbe } from '../../consistency/stages.js';
import { quoteColumn, tableSql } from '../../consistency/table-place.js';
import type { FlowStage } from '../flow/flow.js';
import type { GroupLag } from '../flow/group-lag.js';

/** Where a polling outbox is, and its columns. */
export type OutboxPlace = Pick<OutboxStage, 'table' | 'sent' | 'failure'>;

type OutboxStage = Extract<FlowStage, { readonly kind: 'outbox' }>;

/** More keys than this are not kept: then a fence waits until nothing at all is unsent, which is late but never wrong. */
const KEYS_MAX = 10_000;

/** Reads a polling outbox: which rows are unsent, and for how long. */
export function readsOutbox(stage: OutboxStage, client: PostgresClient): Pick<OutboxProbe, 'unsent' | 'stillUnsent'> {
  const { table, sent, created } = stage;
  const unsentRows = `FROM ${tableSql(table)} AS t WHERE NOT ${quoteColumn(sent)}`;
  const age =
    created === undefined
      ? 'NULL'
      : `(extract(epoch FROM clock_timestamp() - min(${quoteColumn(created)})) * 1000)::bigint::text`;
  let key: Promise<string | undefined> | undefined;
  const keyOf = (): Promise<string | undefined> => {
    key ??= primaryKey(table, client);
    return key;
  };
  return {
    async unsent() {
      const expression = await keyOf();
      if (expression === undefined) return 'all';
      const rows = await client.queryText(`SELECT ${expression} ${unsentRows} LIMIT ${KEYS_MAX + 1}`);
      return rows.length > KEYS_MAX ? 'all' : rows.map(([one]) => one ?? '');
    },
    async stillUnsent(rows) {
      const expression = rows === 'all' ? undefined : await keyOf();
      const of = expression === undefined ? '' : ` AND ${expression} = ANY($1)`;
      const [row] = await client.queryText(
        `SELECT count(*)::text, ${age} ${unsentRows}${of}`,
        expression === undefined ? [] : [rows],
      );
      return { count: BigInt(row?.[0] ?? 0), oldestMs: row?.[1] == null ? undefined : Number(row[1]) };
    },
  };
}

/** The unsent event that failed first, with the broker's words; undefined where none has, or the outbox does not keep them. */
export async function firstFailure(
  { table, sent, failure }: OutboxPlace,
  client: PostgresClient,
): Promise<string | undefined> {
  if (failure === undefined) return undefined;
  const words = quoteColumn(failure);
  const key = (await primaryKey(table, client)) ?? "'(?)'";
  const [row] = await client.queryText(
    `SELECT ${key}, ${words}::text, count(*) OVER ()::text FROM ${tableSql(table)} AS t
     WHERE NOT ${quoteColumn(sent)} AND ${words} IS NOT NULL ORDER BY ctid LIMIT 1`,
  );
  if (row === undefined) return undefined;
  const [which = '', why = '', count] = row;
  const others = Number(count) - 1;
  const more = others === 0 ? '' : `, and ${others} more ${others === 1 ? 'fails' : 'fail'}`;
  return `event ${(which ?? '').replace(/^\((.*)\)$/, '$1')} of ${table} can’t be published: ${why}${more}`;
}

/** Rows that are not sent, and rows that are: these grow while it works. */
export async function outboxLag({ table, sent }: OutboxPlace, client: PostgresClient): Promise<GroupLag> {
  const isSent = quoteColumn(sent);
  const [row] = await client.queryText(
    `SELECT count(*) FILTER (WHERE NOT ${isSent})::text, count(*) FILTER (WHERE ${isSent})::text FROM ${tableSql(table)} AS t`,
  );
  return { behind: BigInt(row?.[0] ?? 0), handled: BigInt(row?.[1] ?? 0) };
}

/** The primary key of the table's row `t` as one text; undefined where it has none. */
async function primaryKey(table: string, client: PostgresClient): Promise<string | undefined> {
  const rows = await client.queryText(
    `SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
     WHERE indisprimary AND indrelid = $1::regclass ORDER BY attnum`,
    [tableSql(table)],
  );
  return rows.length === 0 ? undefined : `ROW(${rows.map(([name]) => `${quoteColumn(name ?? '')}`).join(', ')})::text`;
}
