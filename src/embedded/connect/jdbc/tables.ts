import type pg from 'pg';
import { quoteIdentifier, quoteLiteral } from '../../../protocol/sql.js';
import { ConnectFailure } from '../data/failure.js';
import type { ChangeField, Shape } from './change.js';
import { textOf } from './column-text.js';
import { columnType, takesDefault } from './column-type.js';
import type { JdbcSettings } from './settings.js';

export interface TargetColumn {
  readonly name: string;
  /** As a cast takes it: without length, so that a value that is too long is an error and not cut off. */
  readonly type: string;
  readonly alwaysIdentity: boolean;
}

export interface TargetTable {
  /** Quoted, with its schema. */
  readonly sql: string;
  readonly columns: ReadonlyMap<string, TargetColumn>;
}

const COLUMNS = `
SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, -1) AS type, a.attidentity
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND c.relname = $2
  AND n.nspname = COALESCE($1, pg_catalog.current_schema())
ORDER BY a.attnum`;

/** The tables that a sink writes: looked up once, made and extended where the settings allow it. */
export class Tables {
  private readonly known = new Map<string, TargetTable>();

  constructor(private readonly settings: JdbcSettings) {}

  /** After a failure: others may have changed the tables. */
  forget(): void {
    this.known.clear();
  }

  columnName(field: ChangeField): string {
    const kept = this.settings.keepsCase || field.name.startsWith('__connect_');
    return kept ? field.name : field.name.toLowerCase();
  }

  async find(client: pg.Client, name: string): Promise<TargetTable | undefined> {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const id = this.identifier(name);
    const { rows } = await client.query(COLUMNS, [id.schema ?? null, id.table]);
    const [first] = rows;
    if (first === undefined) return undefined;
    const columns = rows.map(
      (row): TargetColumn => ({ name: row.attname, type: row.type, alwaysIdentity: row.attidentity === 'a' }),
    );
    const table = {
      sql: `${quoteIdentifier(first.nspname)}.${quoteIdentifier(first.relname)}`,
      columns: new Map(columns.map((column) => [column.name, column])),
    };
    this.known.set(name, table);
    return table;
  }

  /** The table with a column for each field of the shape; throws where there is none and none may be made. */
  async fitting(client: pg.Client, name: string, shape: Shape): Promise<TargetTable> {
    const found = await this.find(client, name);
    if (found === undefined) {
      await this.create(client, name, shape);
      return this.refreshed(client, name);
    }
    const missing = shape.fields.filter((field) => !found.columns.has(this.columnName(field)));
    if (missing.length === 0) return found;
    await this.extend(client, name, found, missing);
    return this.refreshed(client, name);
  }

  private async refreshed(client: pg.Client, name: string): Promise<TargetTable> {
    this.known.delete(name);
    const table = await this.find(client, name);
    if (table === undefined) throw new ConnectFailure(`Could not find table: ${name}`);
    return table;
  }

  private async create(client: pg.Client, name: string, shape: Shape): Promise<void> {
    if (!this.settings.createTables)
      throw new ConnectFailure(
        this.settings.flavour === 'debezium'
          ? `Cannot create table ${name} because schema evolution is disabled`
          : `Table ${name} is missing and auto-creation is disabled`,
      );
    const columns = shape.fields.map((field) => this.definition(field));
    const keys = shape.fields.slice(0, shape.keyCount).map((field) => quoteIdentifier(this.columnName(field)));
    const primaryKey = keys.length === 0 ? '' : `, PRIMARY KEY (${keys.join(', ')})`;
    const { schema, table } = this.identifier(name);
    const sql = `${schema === undefined ? '' : `${quoteIdentifier(schema)}.`}${quoteIdentifier(table)}`;
    // Another task may make the same table at the same time. IF NOT EXISTS alone fails then: it does not wait for the other.
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`evpipe create ${sql}`]);
    await client.query(`CREATE TABLE IF NOT EXISTS ${sql} (${columns.join(', ')}${primaryKey})`);
  }

  private async extend(
    client: pg.Client,
    name: string,
    table: TargetTable,
    missing: readonly ChangeField[],
  ): Promise<void> {
    const names = missing.map((field) => field.name).join(', ');
    if (!this.settings.addColumns)
      throw new ConnectFailure(
        this.settings.flavour === 'debezium'
          ? `Cannot alter table ${name} because schema evolution is disabled; it lacks columns for ${names}`
          : `Table ${name} is missing fields (${names}) and auto-evolution is disabled`,
      );
    const required = missing.find((field) => !field.schema.optional && field.schema.defaultValue === undefined);
    if (required !== undefined && this.settings.flavour === 'confluent')
      throw new ConnectFailure(
        `Cannot ALTER TABLE ${name} to add missing field ${required.name}, as the field is not optional and does not have a default value`,
      );
    const added = missing.map((field) => `ADD COLUMN IF NOT EXISTS ${this.definition(field)}`);
    await client.query(`ALTER TABLE ${table.sql} ${added.join(', ')}`);
  }

  private definition(field: ChangeField): string {
    const { schema } = field;
    const type = columnType(schema, this.settings.flavour);
    const fallback = schema.defaultValue;
    const text =
      fallback === undefined || fallback === null || !takesDefault(schema, this.settings.flavour)
        ? ''
        : ` DEFAULT ${quoteLiteral(textOf(schema, type, this.settings.flavour)(fallback))}`;
    const required = field.isKey || !schema.optional ? ' NOT NULL' : '';
    return `${quoteIdentifier(this.columnName(field))} ${type}${text}${required}`;
  }

  /** `table`, `schema.table` or `database.schema.table`; quotes keep what is between them together. */
  private identifier(name: string): { readonly schema: string | undefined; readonly table: string } {
    const parts = [...name.matchAll(/"((?:[^"]|"")*)"|[^.]+/g)].map(([part, quoted]) =>
      quoted === undefined ? (this.settings.keepsCase ? part : part.toLowerCase()) : quoted.replaceAll('""', '"'),
    );
    if (parts.length > 3 || parts.length === 0) throw new ConnectFailure(`Failed to parse table name: ${name}`);
    return { schema: parts.at(-2) ?? this.settings.connection.schema, table: parts.at(-1) ?? name };
  }
}
