import { randomUUID } from 'node:crypto';
import { quoteIdentifier } from '../protocol/sql.js';
import { isPlainObject } from '../support/plain-object.js';
import type { Database, Queries, Transaction } from './database.js';
import { type Fields, Problem, uuid, type ValueOf } from './field.js';

/** What a service has many of: a table with a UUID for its key, and what may stand in the other columns. */
export interface Entity<F extends Fields = Fields> {
  /** In the singular, as people say it: "balance sheet". */
  readonly name: string;
  /** As in URLs: "balance-sheets". */
  readonly plural: string;
  readonly table: string;
  readonly fields: F;
  /** Columns that lists are ordered by; default: none but the id. */
  readonly order?: readonly (keyof F & string)[];
  /** A field of flag(): deleting sets it, and the row stays. */
  readonly softDelete?: keyof F & string;
  /** Runs in the transaction of every change: report it here. */
  readonly onChange?: (transaction: Transaction, change: Change<RowOf<F>>) => Promise<void>;
}

export type RowOf<F extends Fields> = { readonly id: string } & { readonly [K in keyof F]: ValueOf<F[K]> };

export interface Change<Row> {
  readonly kind: 'created' | 'updated' | 'deleted';
  /** As it is now; of a deleted one, as it was. */
  readonly row: Row;
  /** As it was before; undefined for a created one. */
  readonly before: Row | undefined;
}

/** Only for the types: the fields' values become those of the rows that `onChange` sees. */
export const entity = <const F extends Fields>(definition: Entity<F>): Entity<F> => definition;

type Row = RowOf<Fields>;

export interface Page {
  readonly items: readonly Row[];
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
  readonly total: number;
}

/** What was wrong with the values of a request: a sentence for each field. */
export class InvalidValues extends Error {
  constructor(readonly fields: Readonly<Record<string, string>>) {
    super(
      Object.entries(fields)
        .map(([field, message]) => `${field} ${message}`)
        .join('; '),
    );
    this.name = 'InvalidValues';
  }
}

const idField = uuid();

/** The rows of one entity in its database. Every change and its report are one transaction. */
export class Rows {
  private readonly table: string;
  private readonly columns: string;
  private readonly writable: readonly string[];

  constructor(
    readonly entity: Entity,
    private readonly database: Database,
  ) {
    this.table = quoteIdentifier(entity.table);
    this.columns = ['id', ...Object.keys(entity.fields)].map(quoteIdentifier).join(', ');
    this.writable = Object.keys(entity.fields).filter((name) => entity.fields[name]?.readOnly === false);
  }

  async list(page: number, pageSize: number, search: string): Promise<Page> {
    const names = ['id', ...Object.keys(this.entity.fields)];
    const where =
      search === '' ? '' : `WHERE ${names.map((name) => `${quoteIdentifier(name)}::text ILIKE $1`).join(' OR ')}`;
    const values = search === '' ? [] : [`%${search.replace(/[\\%_]/g, '\\$&')}%`];
    const order = [...(this.entity.order ?? []), 'id'].map(quoteIdentifier).join(', ');
    const [items, [count]] = await Promise.all([
      this.database.query<Row>(
        `SELECT ${this.columns} FROM ${this.table} ${where} ORDER BY ${order}
         LIMIT ${pageSize} OFFSET ${(page - 1) * pageSize}`,
        values,
      ),
      this.database.query<{ total: number }>(`SELECT count(*) AS total FROM ${this.table} ${where}`, values),
    ]);
    return { items, page, pageSize, total: count?.total ?? 0 };
  }

  async find(id: string): Promise<Row | undefined> {
    return this.findIn(this.database, id);
  }

  /**
   * Makes a row. With the id of a row that is there already nothing is changed and that one is answered, so
   * that a request whose answer was lost can be sent again. Throws InvalidValues.
   */
  async create(body: unknown): Promise<{ row: Row; created: boolean }> {
    const [values, invalid] = this.parse(body);
    const givenId =
      isPlainObject(body) && body.id !== undefined && body.id !== '' ? idField.parse(body.id) : randomUUID();
    if (givenId instanceof Problem) throw new InvalidValues({ id: givenId.message, ...invalid });
    if (Object.keys(invalid).length > 0) throw new InvalidValues(invalid);

    return this.database.transaction(async (transaction) => {
      const names = ['id', ...this.writable].map(quoteIdentifier).join(', ');
      const places = ['id', ...this.writable].map((_, index) => `$${index + 1}`).join(', ');
      const [row] = await transaction.query<Row>(
        `INSERT INTO ${this.table} (${names}) VALUES (${places}) ON CONFLICT (id) DO NOTHING RETURNING ${this.columns}`,
        [givenId, ...values],
      );
      if (row !== undefined) {
        await this.entity.onChange?.(transaction, { kind: 'created', row, before: undefined });
        return { row, created: true };
      }
      const existing = await this.findIn(transaction, givenId);
      // Deleted between the two statements: a conflict with another writer, which will be over the next time.
      if (existing === undefined) throw new Error(`${this.entity.name} ${givenId} was deleted at this moment`);
      return { row: existing, created: false };
    });
  }

  /** Replaces all that may be changed. Undefined if the row does not exist. Throws InvalidValues. */
  async update(id: string, body: unknown): Promise<Row | undefined> {
    if (idField.parse(id) instanceof Problem) return undefined;
    const [values, invalid] = this.parse(body);
    if (Object.keys(invalid).length > 0) throw new InvalidValues(invalid);
    const given = this.writable.map((name, index) => `${quoteIdentifier(name)} = $${index + 2}`);
    return this.change(id, [...given, ...this.own()], values);
  }

  private change(id: string, assignments: readonly string[], values: readonly unknown[]): Promise<Row | undefined> {
    return this.database.transaction(async (transaction) => {
      const before = await this.findIn(transaction, id, 'FOR UPDATE');
      if (before === undefined) return undefined;
      const [row] = await transaction.query<Row>(
        `UPDATE ${this.table} SET ${assignments.join(', ')} WHERE id = $1 RETURNING ${this.columns}`,
        [id, ...values],
      );
      if (row !== undefined) await this.entity.onChange?.(transaction, { kind: 'updated', row, before });
      return row;
    });
  }

  /** What every update writes by itself. */
  private own(): readonly string[] {
    return Object.entries(this.entity.fields)
      .filter(([, field]) => field.onUpdate !== undefined)
      .map(([name, field]) => `${quoteIdentifier(name)} = ${field.onUpdate}`);
  }

  /** False if the row does not exist. */
  async remove(id: string): Promise<boolean> {
    if (idField.parse(id) instanceof Problem) return false;
    const { softDelete } = this.entity;
    if (softDelete !== undefined)
      return (await this.change(id, [`${quoteIdentifier(softDelete)} = true`, ...this.own()], [])) !== undefined;
    return this.database.transaction(async (transaction) => {
      const [row] = await transaction.query<Row>(`DELETE FROM ${this.table} WHERE id = $1 RETURNING ${this.columns}`, [
        id,
      ]);
      if (row !== undefined) await this.entity.onChange?.(transaction, { kind: 'deleted', row, before: row });
      return row !== undefined;
    });
  }

  private async findIn(queries: Queries, id: string, lock: 'FOR UPDATE' | '' = ''): Promise<Row | undefined> {
    if (idField.parse(id) instanceof Problem) return undefined;
    return (await queries.query<Row>(`SELECT ${this.columns} FROM ${this.table} WHERE id = $1 ${lock}`, [id]))[0];
  }

  /** The values of the writable columns in their order, and what is wrong with which. */
  private parse(body: unknown): [values: unknown[], invalid: Record<string, string>] {
    const given = isPlainObject(body) ? body : {};
    const invalid: Record<string, string> = {};
    const values = this.writable.map((name) => {
      const value = given[name];
      if (value === undefined || value === null) {
        invalid[name] = 'is missing';
        return null;
      }
      const parsed: unknown = this.entity.fields[name]?.parse(value);
      if (parsed instanceof Problem) invalid[name] = parsed.message;
      return parsed;
    });
    return [values, invalid];
  }
}
