import { decodePgoutput, type PgoutputMessage, type Relation, type Tuple } from '../../../protocol/pgoutput/decode.js';
import type { ConnectRecord } from '../data/record.js';
import { type TableInfo, tableName } from './catalogue.js';
import type { EventFactory } from './events.js';
import type { IncrementalSnapshot } from './incremental.js';
import type { Position } from './position.js';
import type { Settings } from './settings.js';
import { type Signal, signalOf } from './signals.js';
import { SourceInfo } from './source-info.js';
import type { TableCodec } from './table-codec.js';
import { TransactionCount } from './transaction.js';

export interface StreamOutput {
  emit(record: ConnectRecord, position: Position): void;
  /** Nothing to write, but everything up to here is done with. */
  moved(position: Position, urgent: boolean): void;
}

export interface TableSource {
  /** The codec of a table as a relation message describes it; asks the catalogue. */
  compile(relation: Relation): Promise<TableCodec | undefined>;
}

type Of<Kind extends PgoutputMessage['kind']> = Extract<PgoutputMessage, { kind: Kind }>;

/**
 * Turns the messages of a slot into records. States: between transactions; within one that is told; within one that
 * was told before (`skipping`: its commit lies before where we resume). A relation message whose table is not known
 * as described holds the stream until the catalogue has answered.
 */
export class StreamReader {
  private position: Position;
  private skipping = false;
  private transaction: Transaction | undefined;
  private readonly tables = new Map<number, TableCodec | undefined>();
  /** Relations being looked up; data that arrives meanwhile is copied and kept in order. */
  private held: Array<{ readonly lsn: bigint; readonly message: Buffer }> | undefined;
  /** Of the transaction that was told in part before. */
  private readonly resume: Position;
  private commitSeen: boolean;

  constructor(
    start: Position,
    private readonly settings: Settings,
    private readonly tablesSource: TableSource,
    private readonly events: EventFactory,
    private readonly output: StreamOutput,
    private readonly flow: { pause(): void; resume(): void; failed(failure: unknown): void },
    private readonly incremental: IncrementalSnapshot,
    private readonly signalled: (signal: Signal) => void,
  ) {
    this.position = start;
    this.resume = start;
    this.commitSeen = start.messageType !== null;
  }

  data(lsn: bigint, message: Buffer): void {
    if (this.held !== undefined) {
      this.held.push({ lsn, message: Buffer.from(message) });
      return;
    }
    if (!this.passesOver(message)) this.handle(lsn, decodePgoutput(message));
  }

  /** Rows of tables that are not captured, or that were told before, are not worth decoding. */
  private passesOver(message: Buffer): boolean {
    const tag = message[0] ?? 0;
    if (!ROW_TAGS.has(tag)) return false;
    if (this.skipping) return true;
    const relation = message.readUInt32BE(1);
    return this.tables.get(relation) === undefined && this.tables.has(relation);
  }

  keepalive(serverLsn: bigint, replyRequested: boolean): void {
    const idle = this.transaction === undefined && !this.skipping && this.held === undefined;
    if (!idle || serverLsn <= this.position.commitLsn) return;
    if (this.settings.heartbeatMs === 0 && !replyRequested) return;
    this.position = { ...this.position, lsn: serverLsn, doneLsn: serverLsn, commitLsn: serverLsn };
    this.output.moved(this.position, replyRequested);
  }

  private handle(lsn: bigint, message: PgoutputMessage): void {
    switch (message.kind) {
      case 'begin':
        this.begin(lsn, message);
        break;
      case 'commit':
        this.commit(message);
        break;
      case 'relation':
        this.relation(message);
        break;
      case 'insert':
      case 'update':
      case 'delete':
        this.row(lsn, message);
        break;
      case 'truncate':
        this.truncate(lsn, message);
        break;
      case 'message':
        this.logicalMessage(message);
        break;
      default: // origins and types tell nothing that records show
    }
  }

  private begin(lsn: bigint, message: Of<'begin'>): void {
    if (message.finalLsn < this.resume.commitLsn) {
      this.skipping = true;
      return;
    }
    const lastCommit = this.commitSeen ? this.position.commitLsn : null;
    const { prefix, database } = this.settings;
    this.transaction = {
      xid: message.xid,
      timeUs: message.commitTimeUs,
      source: new SourceInfo(prefix, database, message.commitTimeUs, message.xid, lastCommit),
      count: this.settings.transactionMetadata ? new TransactionCount(message.xid) : undefined,
      doneLsn: this.position.commitLsn,
      lsn: 0n,
      // Told in part before: what is done with there is not told again.
      skipUntil:
        message.xid === this.resume.txId && this.resume.doneLsn > this.resume.commitLsn ? this.resume.doneLsn : 0n,
      wrote: false,
    };
    if (this.transaction.count !== undefined && this.transaction.skipUntil === 0n) {
      const record = this.events.transaction(
        this.transaction.count.begin(lsn, Math.floor(message.commitTimeUs / 1000)),
      );
      this.output.emit(record, this.advance(lsn, 'BEGIN'));
    }
  }

  private commit(message: Of<'commit'>): void {
    const { transaction } = this;
    this.transaction = undefined;
    if (this.skipping) {
      this.skipping = false;
      return;
    }
    if (transaction === undefined) throw new Error('a commit without a begin');
    this.commitSeen = true;
    this.position = {
      lsn: message.endLsn,
      doneLsn: message.endLsn,
      commitLsn: message.endLsn,
      txId: transaction.xid,
      timeUs: message.commitTimeUs,
      messageType: 'COMMIT',
      incremental: this.incremental.state,
    };
    if (transaction.count !== undefined) {
      const end = transaction.count.end(message.endLsn, Math.floor(message.commitTimeUs / 1000));
      this.output.emit(this.events.transaction(end), this.position);
    } else if (transaction.wrote || this.settings.heartbeatMs > 0) {
      this.output.moved(this.position, !transaction.wrote);
    }
  }

  private relation(message: Relation): void {
    const known = this.tables.get(message.id);
    if (known !== undefined && sameShape(known.table, message)) return;
    if (
      this.tables.has(message.id) &&
      known === undefined &&
      !this.settings.captures(`${message.namespace}.${message.name}`)
    )
      return;
    this.held = [];
    this.flow.pause();
    this.tablesSource.compile(message).then(
      (codec) => {
        this.tables.set(message.id, codec);
        this.release();
      },
      (failure: unknown) => this.flow.failed(failure),
    );
  }

  /** Tells what was held; another unknown relation among it holds the rest again. */
  private release(): void {
    const held = this.held ?? [];
    this.held = undefined;
    try {
      for (let index = 0; index < held.length; index++) {
        const { lsn, message } = held[index] as (typeof held)[number];
        if (!this.passesOver(message)) this.handle(lsn, decodePgoutput(message));
        const again = this.held as typeof held | undefined;
        if (again !== undefined) {
          again.push(...held.slice(index + 1));
          return;
        }
      }
    } catch (failure) {
      this.flow.failed(failure);
      return;
    }
    this.flow.resume();
  }

  private row(lsn: bigint, message: Of<'insert'> | Of<'update'> | Of<'delete'>): void {
    const { transaction } = this;
    if (transaction === undefined || lsn <= transaction.skipUntil) return;
    const codec = this.tables.get(message.relationId);
    if (codec === undefined) return;
    const operation = message.kind === 'insert' ? 'c' : message.kind === 'update' ? 'u' : 'd';
    if (this.settings.skipped.has(operation)) return;
    const { source, count } = transaction;
    const before = message.kind === 'insert' ? undefined : message.before;
    const after = message.kind === 'delete' ? undefined : message.after;
    const previous = message.kind === 'update' && message.beforeHolds === 'row' ? message.before : undefined;
    const change = { before, after, previous, oldKeyKnown: before !== undefined, source, lsn, count };
    const position = this.advance(lsn, message.kind.toUpperCase());
    for (const record of this.events.change(codec, operation, change)) this.output.emit(record, position);
    transaction.wrote = true;
    this.incremental.streamed(tableName(codec.table), before, after);
    if (operation === 'c' && after !== undefined && tableName(codec.table) === this.settings.signalTable)
      this.signalled(signalOf(after));
  }

  /** A row of an incremental snapshot, told at the place of its closing mark. */
  readRow(codec: TableCodec, row: Tuple, nowUs: number): void {
    const { prefix, database } = this.settings;
    const source = new SourceInfo(prefix, database, nowUs, null, this.commitSeen ? this.position.commitLsn : null);
    const change = { after: row, source, lsn: null, snapshot: 'incremental' as const };
    const position = { ...this.position, incremental: this.incremental.state };
    for (const record of this.events.change(codec, 'r', change)) this.output.emit(record, position);
  }

  private truncate(lsn: bigint, message: Of<'truncate'>): void {
    const { transaction } = this;
    if (transaction === undefined || lsn <= transaction.skipUntil || this.settings.skipped.has('t')) return;
    const { source, count } = transaction;
    for (const id of message.relationIds) {
      const codec = this.tables.get(id);
      if (codec === undefined) continue;
      const position = this.advance(lsn, 'TRUNCATE');
      this.incremental.truncated(tableName(codec.table));
      this.output.emit(this.events.truncate(codec, { source, lsn, count }), position);
      transaction.wrote = true;
    }
  }

  private logicalMessage(message: Of<'message'>): void {
    if (this.skipping && message.transactional) return;
    const wanted = this.settings.includesMessage(message.prefix) && !this.settings.skipped.has('m');
    if (message.transactional) {
      const { transaction } = this;
      if (!wanted || transaction === undefined || message.lsn <= transaction.skipUntil) return;
      const change = { source: transaction.source, lsn: message.lsn, count: transaction.count };
      this.output.emit(
        this.events.message(message.prefix, message.content, change),
        this.advance(message.lsn, 'MESSAGE'),
      );
      transaction.wrote = true;
      return;
    }
    // Outside of any transaction, and after every commit before it.
    if (message.lsn <= this.resume.commitLsn) return;
    const position: Position = {
      ...this.position,
      lsn: message.lsn,
      doneLsn: message.lsn,
      commitLsn: message.lsn,
      messageType: 'MESSAGE',
    };
    const lastCommit = this.commitSeen ? this.position.commitLsn : null;
    this.position = position;
    if (!wanted) {
      this.output.moved(position, true);
      return;
    }
    const source = new SourceInfo(this.settings.prefix, this.settings.database, position.timeUs, null, lastCommit);
    this.output.emit(this.events.message(message.prefix, message.content, { source, lsn: message.lsn }), position);
  }

  /** The position of an event at `lsn`; changes before it (not those at it) are done with. */
  private advance(lsn: bigint, messageType: string): Position {
    const transaction = this.transaction as Transaction;
    if (lsn > transaction.lsn) {
      if (transaction.lsn > 0n) transaction.doneLsn = transaction.lsn;
      transaction.lsn = lsn;
    }
    this.position = {
      lsn,
      doneLsn: transaction.doneLsn,
      commitLsn: this.position.commitLsn,
      txId: transaction.xid,
      timeUs: transaction.timeUs,
      messageType,
      incremental: this.incremental.state,
    };
    return this.position;
  }
}

/** I, U, D: a byte, then the relation's id. */
const ROW_TAGS: ReadonlySet<number> = new Set([0x49, 0x55, 0x44]);

interface Transaction {
  readonly xid: number;
  readonly timeUs: number;
  readonly source: SourceInfo;
  readonly count: TransactionCount | undefined;
  readonly skipUntil: bigint;
  /** Of the event told last. */
  lsn: bigint;
  doneLsn: bigint;
  wrote: boolean;
}

function sameShape(table: TableInfo, relation: Relation): boolean {
  return (
    table.schema === relation.namespace &&
    table.name === relation.name &&
    table.replicaIdentity === relation.replicaIdentity &&
    table.columns.length === relation.columns.length &&
    table.columns.every((column, index) => {
      const other = relation.columns[index];
      return (
        other !== undefined &&
        column.name === other.name &&
        column.typeOid === other.typeOid &&
        column.typeModifier === other.typeModifier
      );
    })
  );
}
