import { connectPostgres } from '../../src/clients/postgres/client.js';
import type { CompareCheck } from '../../src/consistency/confirm.js';
import { formsOf, type Meaning, PLAIN_MEANING } from '../../src/consistency/meaning.js';
import type { RowHash } from '../../src/consistency/row-hash.js';
import { readTableFacts } from '../../src/consistency/table-facts.js';
import { quoteColumn } from '../../src/consistency/table-place.js';
import { TableReader } from '../../src/consistency/table-reader.js';
import { type TableColumn, tableSide } from '../../src/consistency/table-side.js';

/** A reader of the database at `url`, as checks have one. */
export const readerOf = (url: string): TableReader => new TableReader(() => connectPostgres({ url }));

export interface ComparedTables {
  readonly source: TableReader;
  readonly replica: TableReader;
  /** The same on both sides. */
  readonly table: string;
  readonly key: readonly string[];
  readonly columns?: readonly string[];
  readonly meanings?: Readonly<Record<string, Partial<Meaning>>>;
  readonly hash?: RowHash;
}

/** Both sides of a check over one table in two databases; throws the refusal where a pair of types is refused. */
export async function sidesOf({
  source,
  replica,
  table,
  key,
  columns,
  meanings = {},
  hash = 'columns',
}: ComparedTables): Promise<Pick<CompareCheck, 'source' | 'replica' | 'tolerances'>> {
  const { signal } = new AbortController();
  const [sourceFacts, replicaFacts] = await Promise.all([
    readTableFacts(source, { database: 'source', table }, signal),
    readTableFacts(replica, { database: 'replica', table }, signal),
  ]);
  const pair = (name: string): { source: TableColumn; replica: TableColumn } => {
    const [a, b] = [sourceFacts.columns.get(name), replicaFacts.columns.get(name)];
    if (a === undefined || b === undefined) throw new Error(`no column ${name} on both sides`);
    const forms = formsOf(a, b, { ...PLAIN_MEANING, ...meanings[name] });
    if ('refused' in forms) throw new Error(`refused: ${forms.refused}`);
    const column = { name, expression: quoteColumn(name), column: name };
    return {
      source: { ...column, type: a, form: forms.source },
      replica: { ...column, type: b, form: forms.replica },
    };
  };
  const keys = key.map(pair);
  const names = columns ?? [...sourceFacts.columns.keys()].filter((name) => !key.includes(name));
  const compared = names.map(pair);
  return {
    source: tableSide(source, {
      place: { database: 'source', table },
      facts: sourceFacts,
      key: keys.map((one) => one.source),
      compared: compared.map((one) => one.source),
      hash,
    }),
    replica: tableSide(replica, {
      place: { database: 'replica', table },
      facts: replicaFacts,
      key: keys.map((one) => one.replica),
      compared: compared.map((one) => one.replica),
      hash,
    }),
    tolerances: new Map(
      Object.entries(meanings).flatMap(([name, { tolerance }]) => (tolerance === undefined ? [] : [[name, tolerance]])),
    ),
  };
}
