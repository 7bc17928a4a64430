import type pg from 'pg';
import type { Relation } from '../../../protocol/pgoutput/decode.js';
import type { Log } from '../../../support/log.js';
import { type ColumnInfo, readTable, readTables, readTypes, type TableInfo, tableName } from './catalogue.js';
import type { Settings } from './settings.js';
import { compileTable, type TableCodec } from './table-codec.js';
import type { PgType } from './types.js';

/** The tables that a connector captures, and the types that their columns have. */
export class Catalogue {
  private readonly codecs = new WeakMap<TableInfo, TableCodec>();

  private constructor(
    private readonly client: pg.Client,
    private readonly settings: Settings,
    private types: ReadonlyMap<number, PgType>,
    readonly tables: readonly TableInfo[],
  ) {}

  static async read(client: pg.Client, settings: Settings, log: Log): Promise<Catalogue> {
    const types = await readTypes(client);
    const tables = (await readTables(client, !settings.viaPartitionRoot)).filter((table) =>
      settings.captures(tableName(table)),
    );
    if (tables.length === 0)
      log.warn('no table matches the include and exclude lists', { database: settings.database });
    return new Catalogue(client, settings, types, tables);
  }

  /** Compiled once per table: converters know schemas by their identity. */
  codec(table: TableInfo): TableCodec {
    let codec = this.codecs.get(table);
    if (codec === undefined) {
      codec = compileTable(table, this.types, this.settings);
      this.codecs.set(table, codec);
    }
    return codec;
  }

  /**
   * A relation as the stream describes it: its columns count, since the catalogue may be ahead of the stream; what a
   * relation message does not tell (nullability, defaults, key) comes from the catalogue as it is now.
   */
  async compile(relation: Relation): Promise<TableCodec | undefined> {
    if (!this.settings.captures(`${relation.namespace}.${relation.name}`)) return undefined;
    if (relation.columns.some((column) => !this.types.has(column.typeOid))) this.types = await readTypes(this.client);
    const now = await readTable(this.client, relation.namespace, relation.name);
    const columns = relation.columns.map((column): ColumnInfo => {
      const known = now?.columns.find((one) => one.name === column.name && one.typeOid === column.typeOid);
      return {
        name: column.name,
        typeOid: column.typeOid,
        typeModifier: column.typeModifier,
        notNull: known?.notNull ?? false,
        generated: known?.generated ?? false,
        defaultExpression: known?.defaultExpression ?? null,
      };
    });
    // Generated columns are in the schema though the stream does not send them: they are null there.
    const unsent = (now?.columns ?? []).filter(
      (column) => column.generated && !columns.some((sent) => sent.name === column.name),
    );
    const identity = relation.columns.filter((column) => column.isKey).map((column) => column.name);
    const key = now?.key ?? (relation.replicaIdentity === 'f' ? [] : identity);
    return {
      ...this.codec({
        schema: relation.namespace,
        name: relation.name,
        replicaIdentity: relation.replicaIdentity,
        columns: [...columns, ...unsent.map((column) => ({ ...column, notNull: false }))],
        key: key.filter((name) => columns.some((column) => column.name === name)),
      }),
      table: {
        schema: relation.namespace,
        name: relation.name,
        replicaIdentity: relation.replicaIdentity,
        columns,
        key,
      },
    };
  }
}
