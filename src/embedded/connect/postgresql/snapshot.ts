import type pg from 'pg';
import type { TupleValue } from '../../../protocol/pgoutput/decode.js';
import { quoteIdentifier } from '../../../protocol/sql.js';
import type { TableInfo } from './catalogue.js';

/** A row of COPY's text format: columns separated by tabs, `\N` for null, backslash escapes. */
export function parseCopyRow(line: string): TupleValue[] {
  const fields: TupleValue[] = line.split('\t');
  if (!line.includes('\\')) return fields;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as string;
    if (field === '\\N') fields[index] = null;
    else if (field.includes('\\')) fields[index] = field.replace(/\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)/gs, unescaped);
  }
  return fields;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

const unescaped = (_match: string, code: string): string => ESCAPES[code] ?? code;

/**
 * Reads a table's rows within the client's transaction. `row` is called for each; where it answers with a promise,
 * reading stops until it resolves, so that no more is in memory than the consumer has taken.
 */
export async function readRows(
  client: pg.Client,
  table: TableInfo,
  select: string | undefined,
  row: (tuple: readonly TupleValue[]) => Promise<void> | undefined,
): Promise<void> {
  const columns = table.columns.map((column) => quoteIdentifier(column.name)).join(', ');
  const query = select ?? `SELECT ${columns} FROM ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
  const wire = client.connection;
  const held: string[] = [];
  let waiting: Promise<void> | undefined;
  let failure: { readonly thrown: unknown } | undefined;
  const drain = async (until: Promise<void>): Promise<void> => {
    wire.stream.pause();
    await until;
    for (let line = held.shift(); line !== undefined; line = held.shift()) await row(parseCopyRow(line));
    waiting = undefined;
    wire.stream.resume();
  };
  const listener = ({ chunk }: { readonly chunk: Buffer }): void => {
    if (failure !== undefined) return;
    const line = chunk.toString('utf8', 0, chunk.length - 1); // without the newline
    if (waiting !== undefined) {
      held.push(line); // what the last chunk of the socket still held
      return;
    }
    try {
      const until = row(parseCopyRow(line));
      if (until !== undefined) {
        waiting = drain(until).catch((thrown: unknown) => {
          failure = { thrown };
          wire.stream.resume();
        });
      }
    } catch (thrown) {
      failure ??= { thrown };
    }
  };
  wire.on('copyData', listener);
  try {
    await client.query(`COPY (${query}) TO STDOUT`);
    await waiting;
  } finally {
    wire.off('copyData', listener);
  }
  if (failure !== undefined) throw failure.thrown;
}
