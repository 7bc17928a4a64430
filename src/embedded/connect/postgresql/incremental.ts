import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Tuple, TupleValue } from '../../../protocol/pgoutput/decode.js';
import { quoteIdentifier } from '../../../protocol/sql.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import type { TableInfo } from './catalogue.js';
import { tableName } from './catalogue.js';
import type { Settings } from './settings.js';

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
  tableOf(name: string): TableInfo | undefined;
  /** One row of a table as it is now. */
  emit(table: TableInfo, row: Tuple): void;
  failed(failure: unknown): void;
}

interface Chunk {
  readonly id: string;
  readonly table: TableInfo;
  readonly keys: readonly number[];
  rows: readonly Tuple[];
  /** Keys of rows that changed between the two marks: what the stream says of them is newer. */
  readonly changed: Set<string>;
  open: boolean;
}

/**
 * Reads tables in chunks while the stream goes on. Each chunk is read between two marks that are written into the
 * signal table. Where the stream comes by the second mark, the chunk's rows are told, but for those that the stream
 * has told of between the marks (https://arxiv.org/abs/2010.12597). States: idle → reading a chunk → waiting for its
 * closing mark → the next chunk, or idle; paused between chunks.
 */
export class IncrementalSnapshot {
  private tables: SnapshotRequest[];
  private afterKey: readonly string[] | undefined;
  private chunk: Chunk | undefined;
  private paused = false;
  private reading = false;
  private ended = false;
  state: IncrementalState | undefined;

  constructor(
    restored: IncrementalState | undefined,
    private readonly client: pg.Client,
    private readonly settings: Settings,
    private readonly output: IncrementalOutput,
    private readonly log: Log,
  ) {
    this.tables = [...(restored?.tables ?? [])];
    this.afterKey = restored?.afterKey;
    this.state = restored;
  }

  request(requests: readonly SnapshotRequest[]): void {
    const fresh = requests.filter((one) => this.tables.every((known) => known.table !== one.table));
    this.tables.push(...fresh);
    this.remember();
    this.next();
  }

  /** Without a list: all of it. */
  stop(tables: readonly string[] | undefined): void {
    const current = this.tables[0]?.table;
    this.tables = tables === undefined ? [] : this.tables.filter((one) => !tables.includes(one.table));
    if (this.tables[0]?.table !== current) this.abandonChunk();
    this.remember();
    this.next();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.next();
  }

  /** Ends reading; what is left is in the offset. */
  end(): void {
    this.ended = true;
  }

  opened(signalId: string): void {
    if (this.chunk !== undefined && signalId === `${this.chunk.id}-open`) this.chunk.open = true;
  }

  closed(signalId: string): void {
    const { chunk } = this;
    if (chunk === undefined || signalId !== `${chunk.id}-close`) return;
    this.chunk = undefined;
    const last = chunk.rows.at(-1);
    if (last === undefined || chunk.rows.length < this.settings.incrementalChunkRows) {
      this.log.info('incremental snapshot of a table completed', { table: tableName(chunk.table) });
      this.tables.shift();
      this.afterKey = undefined;
    } else {
      this.afterKey = textsOf(last, chunk.keys);
    }
    this.remember();
    for (const row of chunk.rows) {
      if (!chunk.changed.has(textsOf(row, chunk.keys).join('\u0000'))) this.output.emit(chunk.table, row);
    }
    this.next();
  }

  /** A row that the stream tells of, old and new. */
  streamed(table: string, ...tuples: ReadonlyArray<Tuple | undefined>): void {
    const { chunk } = this;
    if (chunk === undefined || !chunk.open || tableName(chunk.table) !== table) return;
    for (const tuple of tuples) {
      if (tuple !== undefined) chunk.changed.add(textsOf(tuple, chunk.keys).join('\u0000'));
    }
  }

  /** A truncated table has none of the rows that were read. */
  truncated(table: string): void {
    if (this.chunk !== undefined && tableName(this.chunk.table) === table) this.chunk.rows = [];
  }

  next(): void {
    if (this.paused || this.reading || this.ended || this.chunk !== undefined || this.tables.length === 0) return;
    this.reading = true;
    this.readChunk().then(
      () => {
        this.reading = false;
        this.next();
      },
      (failure: unknown) => {
        this.reading = false;
        if (!this.ended) this.output.failed(failure);
      },
    );
  }

  private abandonChunk(): void {
    this.chunk = undefined;
    this.afterKey = undefined;
  }

  private remember(): void {
    this.state = this.tables.length === 0 ? undefined : { tables: [...this.tables], afterKey: this.afterKey };
  }

  private async readChunk(): Promise<void> {
    const [request] = this.tables;
    if (request === undefined) return;
    const table = this.output.tableOf(request.table);
    const keyNames = request.surrogateKey === undefined ? table?.key : [request.surrogateKey];
    const keys = (keyNames ?? []).map((name) => table?.columns.findIndex((column) => column.name === name) ?? -1);
    if (table === undefined || keys.length === 0 || keys.includes(-1)) {
      this.log.warn('a table can not be read: an incremental snapshot needs a key', { table: request.table });
      this.tables.shift();
      this.remember();
      return;
    }
    const chunk: Chunk = { id: randomUUID(), table, keys, rows: [], changed: new Set(), open: false };
    this.chunk = chunk;
    await this.mark(`${chunk.id}-open`, 'snapshot-window-open');
    try {
      chunk.rows = await this.rows(request, table, keys);
    } catch (failure) {
      // A condition that PostgreSQL does not understand ends the table's snapshot, not the stream.
      this.log.warn('a table can not be read', { table: request.table, why: messageOf(failure) });
    }
    await this.mark(`${chunk.id}-close`, 'snapshot-window-close');
  }

  private async mark(id: string, type: string): Promise<void> {
    const [schema = '', table = ''] = (this.settings.signalTable ?? '').split('.');
    await this.client.query(`INSERT INTO ${quoteIdentifier(schema)}.${quoteIdentifier(table)} VALUES ($1, $2, $3)`, [
      id,
      type,
      null,
    ]);
  }

  private async rows(request: SnapshotRequest, table: TableInfo, keys: readonly number[]): Promise<readonly Tuple[]> {
    const keyColumns = keys.map((index) => quoteIdentifier(table.columns[index]?.name ?? ''));
    const after = this.afterKey;
    const conditions = [
      ...(after === undefined
        ? []
        : [`(${keyColumns.join(', ')}) > (${keys.map((_, at) => `$${at + 1}`).join(', ')})`]),
      ...(request.filter === undefined ? [] : [`(${request.filter})`]),
    ];
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const columns = table.columns.map((column) => quoteIdentifier(column.name)).join(', ');
    const { rows } = await this.client.query<TupleValue[]>({
      text: `SELECT ${columns} FROM ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}${where} ORDER BY ${keyColumns.join(', ')} LIMIT ${this.settings.incrementalChunkRows}`,
      values: [...(after ?? [])],
      rowMode: 'array',
      types: { getTypeParser: () => (text: string) => text }, // as the stream has them
    });
    return rows;
  }
}

const textsOf = (tuple: Tuple, indexes: readonly number[]): string[] => indexes.map((index) => tuple[index] ?? '');
