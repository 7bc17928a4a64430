import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Tuple, TupleValue } from '../../../protocol/pgoutput/decode.js';
import { quoteIdentifier } from '../../../protocol/sql.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import type { TableInfo } from './catalogue.js';
import { tableName } from './catalogue.js';
import { isRetriable } from './connection.js';
import type { Notifications, SnapshotEvent } from './notifications.js';
import type { Settings } from './settings.js';
import { type Watermarks, watermarks } from './watermarks.js';

/** One table of an incremental snapshot. */
export interface SnapshotRequest {
  readonly table: string;
  readonly filter?: string;
  readonly surrogateKey?: string;
}

/** What is left to be read, as it is stored with the connector's offset. */
export interface IncrementalState {
  readonly tables: readonly SnapshotRequest[];
  /** The greatest key of the first table that was told; undefined: none yet. */
  readonly afterKey: readonly string[] | undefined;
}

export interface IncrementalOutput {
  /** The table as it is now; undefined where it is not captured, or gone. */
  tableOf(name: string): Promise<TableInfo | undefined>;
  /** One row of a table as it is now. */
  emit(table: TableInfo, row: Tuple): void;
  /** The stream is quiet: asks how far the server is, so that `passed` is called. */
  askPlace(): void;
  failed(failure: unknown): void;
}

/** Rows of a table that were read between two watermarks. */
interface Chunk {
  readonly id: string;
  read:
    | { readonly table: TableInfo; readonly identity: readonly number[]; readonly lastKey: readonly string[] }
    | undefined;
  rows: readonly Tuple[];
  /** Keys of rows that changed between the two watermarks: what the stream says of them is newer. */
  readonly changed: Set<string>;
  open: boolean;
  /** Where the chunk closes without a mark in the stream. */
  closesAt: bigint | undefined;
}

type ScanStatus = 'SUCCEEDED' | 'EMPTY' | 'NO_PRIMARY_KEY' | 'UNKNOWN_SCHEMA' | 'SQL_EXCEPTION';

/** How often a quiet server is asked how far it is. */
const ASK_PLACE_MS = 200;

/**
 * Reads tables in chunks while the stream continues. Each chunk is read between two watermarks in the stream. Where the
 * stream comes by the second, the chunk's rows are told, but for those that the stream has told of between the two
 * (https://arxiv.org/abs/2010.12597). A table ends where a chunk of it is empty, at the greatest key that it had when
 * its snapshot began. States: idle → reading a chunk → waiting for its closing → the next chunk, or idle; paused
 * between chunks.
 */
export class IncrementalSnapshot {
  private tables: SnapshotRequest[];
  private afterKey: readonly string[] | undefined;
  private maximumKey: readonly string[] | undefined;
  private scanned = 0;
  private chunk: Chunk | undefined;
  private paused = false;
  private reading = false;
  /** Signals that came while a chunk was read. */
  private readonly waiting: Array<() => void> = [];
  private ended = false;
  /** Of the signal that began what runs. */
  private correlation: string | undefined;
  private readonly marks: Watermarks;
  private asking: NodeJS.Timeout | undefined;
  state: IncrementalState | undefined;

  constructor(
    restored: IncrementalState | undefined,
    private readonly client: pg.Client,
    private readonly settings: Settings,
    private readonly output: IncrementalOutput,
    private readonly notifications: Notifications,
    private readonly log: Log,
    clock: () => number,
  ) {
    this.tables = [...(restored?.tables ?? [])];
    this.afterKey = restored?.afterKey;
    this.state = restored;
    this.marks = watermarks(client, settings, clock);
  }

  request(requests: readonly SnapshotRequest[], signalId: string): void {
    const fresh = requests.filter((one) => this.tables.every((known) => known.table !== one.table));
    const begins = this.tables.length === 0;
    this.tables.push(...fresh);
    if (begins && this.tables.length > 0) {
      this.correlation = signalId;
      this.notify('STARTED', this.collections());
    }
    this.remember();
    this.next();
  }

  /** Without a list: all of it. */
  stop(tables: readonly string[] | undefined): void {
    this.onceRead(() => this.abort(tables));
  }

  private abort(tables: readonly string[] | undefined): void {
    if (this.tables.length === 0) return;
    const current = this.tables[0]?.table;
    this.tables = tables === undefined ? [] : this.tables.filter((one) => !tables.includes(one.table));
    if (this.tables[0]?.table !== current) this.nextTable();
    this.notify('ABORTED', tables === undefined ? {} : { data_collections: tables.join(',') });
    this.remember();
  }

  pause(): void {
    this.onceRead(() => {
      if (!this.paused && this.tables.length > 0) this.notify('PAUSED', this.collections());
      this.paused = true;
    });
  }

  resume(): void {
    this.onceRead(() => {
      if (this.paused && this.tables.length > 0) this.notify('RESUMED', this.collections());
      this.paused = false;
      this.next();
    });
  }

  /** Ends reading; what is left is in the offset. */
  end(): void {
    this.ended = true;
    clearInterval(this.asking);
  }

  opened(markId: string): void {
    if (this.chunk !== undefined && markId === `${this.chunk.id}-open`) this.chunk.open = true;
  }

  /** The stream has come by a closing mark, or by the deletion of an opening one. */
  closed(markId: string): void {
    if (this.chunk !== undefined && markId.startsWith(this.chunk.id)) this.close(this.chunk);
  }

  /** The stream has told everything before this place. */
  passed(lsn: bigint): void {
    const { chunk } = this;
    if (chunk?.closesAt !== undefined && lsn >= chunk.closesAt) this.close(chunk);
  }

  private close(chunk: Chunk): void {
    clearInterval(this.asking);
    this.chunk = undefined;
    const { read } = chunk;
    if (read !== undefined) this.afterKey = read.lastKey;
    this.remember();
    for (const row of chunk.rows) {
      if (read !== undefined && !chunk.changed.has(textsOf(row, read.identity).join('\u0000')))
        this.output.emit(read.table, row);
    }
    this.next();
  }

  /** A row of the stream, old and new. */
  streamed(table: string, ...tuples: ReadonlyArray<Tuple | undefined>): void {
    const read = this.chunk?.read;
    if (this.chunk?.open !== true || read === undefined || tableName(read.table) !== table) return;
    for (const tuple of tuples) {
      if (tuple !== undefined) this.chunk.changed.add(textsOf(tuple, read.identity).join('\u0000'));
    }
  }

  /** A truncated table has none of the rows that were read. */
  truncated(table: string): void {
    const read = this.chunk?.read;
    if (this.chunk !== undefined && read !== undefined && tableName(read.table) === table) this.chunk.rows = [];
  }

  next(): void {
    if (this.paused || this.reading || this.ended || this.chunk !== undefined || this.tables.length === 0) return;
    this.reading = true;
    this.readChunk().then(
      () => {
        this.hasRead();
        this.next();
      },
      (failure: unknown) => {
        this.hasRead();
        if (!this.ended) this.output.failed(failure);
      },
    );
  }

  private hasRead(): void {
    this.reading = false;
    for (const work of this.waiting.splice(0)) work();
  }

  /** As in Debezium, a signal is followed between chunks: what is told of a chunk comes before what is told of the signal. */
  private onceRead(work: () => void): void {
    if (this.reading) this.waiting.push(work);
    else work();
  }

  /** What is read now is not told, and the next table begins. */
  private nextTable(): void {
    if (this.chunk !== undefined) Object.assign(this.chunk, { rows: [], read: undefined });
    this.afterKey = undefined;
    this.maximumKey = undefined;
    this.scanned = 0;
  }

  private remember(): void {
    this.state = this.tables.length === 0 ? undefined : { tables: [...this.tables], afterKey: this.afterKey };
  }

  private async readChunk(): Promise<void> {
    const chunk: Chunk = {
      id: randomUUID(),
      read: undefined,
      rows: [],
      changed: new Set(),
      open: this.settings.readOnly,
      closesAt: undefined,
    };
    this.chunk = chunk;
    await this.marks.open(chunk.id);
    for (let request = this.tables[0]; request !== undefined; request = this.tables[0]) {
      const status = await this.readTable(request, chunk);
      if (status === undefined) break;
      this.completed(request, status);
    }
    chunk.closesAt = await this.marks.close(chunk.id);
    if (chunk.closesAt !== undefined) this.asking = setInterval(() => this.output.askPlace(), ASK_PLACE_MS);
  }

  private completed({ table }: SnapshotRequest, status: ScanStatus): void {
    const { log } = this;
    if (status === 'SUCCEEDED' || status === 'EMPTY')
      log.info('incremental snapshot of a table completed', { table, rows: this.scanned });
    else log.warn('a table cannot be read: an incremental snapshot needs a key', { table, status });
    this.notify('TABLE_SCAN_COMPLETED', {
      ...this.collections(),
      scanned_collection: table,
      total_rows_scanned: String(this.scanned),
      status,
    });
    this.tables.shift();
    this.nextTable();
    this.remember();
    if (this.tables.length === 0) this.notify('COMPLETED');
  }

  /** Undefined: the chunk has rows of it, and there may be more. */
  private async readTable(request: SnapshotRequest, chunk: Chunk): Promise<ScanStatus | undefined> {
    const table = await this.output.tableOf(request.table);
    if (table === undefined) return 'UNKNOWN_SCHEMA';
    const indexesOf = (names: readonly string[]): number[] =>
      names.map((name) => table.columns.findIndex((column) => column.name === name));
    const keys = indexesOf(request.surrogateKey === undefined ? table.key : [request.surrogateKey]);
    if (keys.length === 0 || keys.includes(-1)) return 'NO_PRIMARY_KEY';
    try {
      this.maximumKey ??= await this.lastKey(request, table, keys);
      if (this.maximumKey === undefined) return 'EMPTY';
      // Changes in the stream are matched by the table's key, the only part that a deleted row carries.
      const identity = table.key.length === 0 ? keys : indexesOf(table.key);
      chunk.read = { table, identity, lastKey: this.afterKey ?? [] };
      chunk.rows = await this.rows(request, table, keys, this.maximumKey);
      const last = chunk.rows.at(-1);
      if (last === undefined) {
        chunk.read = undefined;
        return 'SUCCEEDED';
      }
      chunk.read = { table, identity, lastKey: textsOf(last, keys) };
      this.scanned += chunk.rows.length;
      this.notify('IN_PROGRESS', {
        ...this.collections(),
        current_collection_in_progress: request.table,
        maximum_key: this.maximumKey.join(','),
        last_processed_key: chunk.read.lastKey.join(','),
      });
      return undefined;
    } catch (failure) {
      if (isRetriable(failure)) throw failure;
      // A condition that PostgreSQL does not understand ends the table's snapshot, not the stream.
      this.log.warn('a table cannot be read', { table: request.table, why: messageOf(failure) });
      chunk.read = undefined;
      return 'SQL_EXCEPTION';
    }
  }

  private async lastKey(
    request: SnapshotRequest,
    table: TableInfo,
    keys: readonly number[],
  ): Promise<readonly string[] | undefined> {
    const columns = keys.map((index) => quoteIdentifier(table.columns[index]?.name ?? ''));
    const where = request.filter === undefined ? '' : ` WHERE (${request.filter})`;
    const order = columns.map((column) => `${column} DESC`).join(', ');
    const [row] = await this.select(
      `${columns.join(', ')} FROM ${quoted(table)}${where} ORDER BY ${order} LIMIT 1`,
      [],
    );
    return row?.map((value) => value ?? '');
  }

  private rows(
    request: SnapshotRequest,
    table: TableInfo,
    keys: readonly number[],
    maximum: readonly string[],
  ): Promise<readonly Tuple[]> {
    const columns = keys.map((index) => quoteIdentifier(table.columns[index]?.name ?? ''));
    const after = this.afterKey ?? [];
    const compared = (operator: string, from: number): string =>
      `(${columns.join(', ')}) ${operator} (${keys.map((_, at) => `$${from + at + 1}`).join(', ')})`;
    const conditions = [
      compared('<=', 0),
      ...(after.length === 0 ? [] : [compared('>', maximum.length)]),
      ...(request.filter === undefined ? [] : [`(${request.filter})`]),
    ];
    const all = table.columns.map((column) => quoteIdentifier(column.name)).join(', ');
    return this.select(
      `${all} FROM ${quoted(table)} WHERE ${conditions.join(' AND ')} ORDER BY ${columns.join(', ')} LIMIT ${this.settings.incrementalChunkRows}`,
      [...maximum, ...after],
    );
  }

  private async select(text: string, values: readonly string[]): Promise<readonly TupleValue[][]> {
    const { rows } = await this.client.query<TupleValue[]>({
      text: `SELECT ${text}`,
      values: [...values],
      rowMode: 'array',
      types: { getTypeParser: () => (value: string) => value }, // as the stream has them
    });
    return rows;
  }

  private collections(): { readonly data_collections: string } {
    return { data_collections: this.tables.map(({ table }) => table).join(',') };
  }

  private notify(type: SnapshotEvent, data: Readonly<Record<string, string>> = {}): void {
    this.notifications.tell('Incremental Snapshot', type, data, this.correlation);
  }
}

const quoted = (table: TableInfo): string => `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;

const textsOf = (tuple: Tuple, indexes: readonly number[]): string[] => indexes.map((index) => tuple[index] ?? '');
