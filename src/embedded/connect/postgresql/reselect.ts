import type pg from 'pg';
import type { Tuple, TupleValue } from '../../../protocol/pgoutput/decode.js';
import { quoteIdentifier } from '../../../protocol/sql.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { ConnectFailure } from '../data/failure.js';
import { type TableInfo, tableName } from './catalogue.js';
import { debeziumFailure, isRetriable } from './connection.js';
import type { ReselectRule, Settings } from './settings.js';

/**
 * Reads columns of a changed row again: what it has now stands for a value that was not sent, or that is null. By then
 * the row may have changed further, or be gone; the latter leaves the record as it is.
 */
export class Reselection {
  private readonly candidates = new WeakMap<TableInfo, ReadonlyArray<readonly ReselectRule[]>>();

  constructor(
    private readonly client: pg.Client,
    private readonly settings: Settings,
    private readonly log: Log,
  ) {}

  /** Undefined: nothing of the row has to be read. */
  row(table: TableInfo, after: Tuple): Promise<Tuple> | undefined {
    const rules = this.rulesOf(table);
    const wanted = after.flatMap((value, index) => {
      const wants = (rule: ReselectRule): boolean => (value === undefined ? rule.unavailable : rule.nulls);
      return (value === undefined || value === null) && rules[index]?.some(wants) ? [index] : [];
    });
    if (wanted.length === 0) return undefined;
    const byEventKey = this.settings.reselects.some((rule) => rule.byEventKey);
    const key = (byEventKey ? this.settings.keyColumns(tableName(table)) : undefined) ?? table.key;
    const keys = key.map((name) => table.columns.findIndex((column) => column.name === name));
    if (keys.length === 0 || keys.some((index) => typeof after[index] !== 'string')) return undefined;
    return this.read(table, after, wanted, keys);
  }

  private async read(
    table: TableInfo,
    after: Tuple,
    wanted: readonly number[],
    keys: readonly number[],
  ): Promise<Tuple> {
    const name = (index: number): string => quoteIdentifier(table.columns[index]?.name ?? '');
    const conditions = keys.map((index, at) => `${name(index)} = $${at + 1}`).join(' AND ');
    const warn = (why: string): Tuple => {
      if (this.settings.reselects.some((rule) => rule.failsIfAbsent))
        throw debeziumFailure(`A row of ${tableName(table)} could not be read again: ${why}`);
      this.log.warn('a row could not be read again', { table: tableName(table), why });
      return after;
    };
    try {
      const { rows } = await this.client.query<TupleValue[]>({
        text: `SELECT ${wanted.map(name).join(', ')} FROM ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)} WHERE ${conditions}`,
        values: keys.map((index) => after[index]),
        rowMode: 'array',
        types: { getTypeParser: () => (text: string) => text }, // as the stream has them
      });
      const [row] = rows;
      if (row === undefined) return warn('it is gone');
      const found = new Map(wanted.map((index, at) => [index, row[at] ?? null]));
      return after.map((value, index) => (found.has(index) ? found.get(index) : value));
    } catch (failure) {
      if (isRetriable(failure) || failure instanceof ConnectFailure) throw failure;
      return warn(messageOf(failure));
    }
  }

  /** For each column, the rules that may read it again. */
  private rulesOf(table: TableInfo): ReadonlyArray<readonly ReselectRule[]> {
    let rules = this.candidates.get(table);
    if (rules === undefined) {
      const { settings } = this;
      const id = tableName(table);
      rules = table.columns.map(({ name }) =>
        settings.includesColumn(`${id}.${name}`)
          ? settings.reselects.filter((rule) => rule.matches(`${id}:${name}`))
          : [],
      );
      this.candidates.set(table, rules);
    }
    return rules;
  }
}
