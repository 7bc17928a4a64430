import { isDeepStrictEqual } from 'node:util';
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
    const rank = (table: TableInfo): number => settings.snapshotRank(tableName(table));
    const tables = (await readTables(client))
      .filter((table) => settings.captures(tableName(table)))
      .sort((a, b) => rank(a) - rank(b));
    if (tables.length === 0)
      log.warn('no table matches the include and exclude lists', { database: settings.database });
    return new Catalogue(client, settings, types, tables);
  }

  /** A captured table as it is now; undefined where it is not captured, or gone. */
  async tableNow(name: string): Promise<TableInfo | undefined> {
    const known = this.tables.find((table) => tableName(table) === name);
    if (known === undefined) return undefined;
    const now = await readTable(this.client, known.schema, known.name);
    return now !== undefined && isDeepStrictEqual(now, known) ? known : now; // the same table has the same codec
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
    const identity = relation.columns.filter((column) => column.isKey).map((column) => column.name);
    const key = now?.key ?? (relation.replicaIdentity === 'f' ? [] : identity);
    const { namespace: schema, name, replicaIdentity } = relation;
    const isPartition = now?.isPartition ?? false;
    const table = { schema, name, replicaIdentity, isPartition, describedBy: 'stream', columns } as const;
    const sentKey = key.filter((one) => columns.some((column) => column.name === one));
    return { ...this.codec({ ...table, key: sentKey }), table: { ...table, key } };
  }
}
