import { decodePgoutput, type PgoutputMessage, type Relation, type Tuple } from '../../../protocol/pgoutput/decode.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import type { ConnectRecord } from '../data/record.js';
import { type TableInfo, tableName } from './catalogue.js';
import type { Change, EventFactory } from './events.js';
import type { IncrementalSnapshot } from './incremental.js';
import { OpenTransaction } from './open-transaction.js';
import type { Position } from './position.js';
import type { Reselection } from './reselect.js';
import type { Settings } from './settings.js';
import { type Signal, signalOf } from './signals.js';
import { SourceInfo } from './source-info.js';
import type { TableCodec } from './table-codec.js';
import { TransactionCount } from './transaction.js';

export interface StreamOutput {
  /** `partial`: more records of the same change follow at once. */
  emit(record: ConnectRecord, position: Position, partial?: boolean): void;
  /** Nothing to write, but everything up to here is done with. */
  moved(position: Position, urgent: boolean): void;
}

/** What a stream works with. */
export interface StreamParts {
  readonly tables: {
    /** The codec of a table as a relation message describes it; asks the catalogue. */
    compile(relation: Relation): Promise<TableCodec | undefined>;
  };
  readonly events: EventFactory;
  readonly output: StreamOutput;
  readonly flow: { pause(): void; resume(): void; failed(failure: unknown): void };
  readonly incremental: IncrementalSnapshot;
  /** Undefined: no column is ever read again. */
  readonly reselection: Reselection | undefined;
  signalled(signal: Signal): void;
  /** `source.xmin` */
  xmin(): bigint | null;
  readonly log: Log;
}

type Of<Kind extends PgoutputMessage['kind']> = Extract<PgoutputMessage, { kind: Kind }>;

/**
 * Turns the messages of a slot into records. States: between transactions; within one that is told; within one that
 * was told before (`skipping`: its commit is before where we resume). A relation message whose table is not known
 * as described holds the stream until the catalogue has answered, as do columns to be read again, and blocking snapshots.
 */
export class StreamReader {
  private position: Position;
  private skipping = false;
  private transaction: OpenTransaction | undefined;
  private readonly tables = new Map<number, TableCodec | undefined>();
  /** What is waited for; data that arrives meanwhile is copied and kept in order. */
  private holds = 0;
  private readonly held: Array<{ readonly lsn: bigint; readonly message: Buffer }> = [];
  /** Of the transaction that was told in part before. */
  private readonly resume: Position;
  private commitSeen: boolean;

  constructor(
    start: Position,
    private readonly settings: Settings,
    private readonly parts: StreamParts,
  ) {
    this.position = start;
    this.resume = start;
    this.commitSeen = start.messageType !== null;
  }

  /** What was told last. */
  get place(): Position {
    return this.position;
  }

  data(lsn: bigint, message: Buffer): void {
    if (this.holds > 0) this.held.push({ lsn, message: Buffer.from(message) });
    else if (!this.passesOver(message)) this.handle(lsn, decodePgoutput(message));
  }

  /** Nothing of the stream is told until this is done. */
  hold(until: Promise<void>): void {
    this.holds++;
    this.parts.flow.pause();
    until.then(
      () => {
        this.holds--;
        this.release();
      },
      (failure: unknown) => this.parts.flow.failed(failure),
    );
  }

  /** Tells what was held; something among it may hold the rest again. */
  private release(): void {
    let told = 0;
    try {
      for (; told < this.held.length && this.holds === 0; told++) {
        const { lsn, message } = this.held[told] as (typeof this.held)[number];
        this.data(lsn, message);
      }
    } catch (failure) {
      this.parts.flow.failed(failure);
      return;
    }
    this.held.splice(0, told);
    if (this.holds === 0) this.parts.flow.resume();
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
    const idle = this.transaction === undefined && !this.skipping && this.holds === 0;
    if (!idle) return;
    this.parts.incremental.passed(serverLsn);
    if (serverLsn <= this.position.commitLsn) return;
    if (this.settings.heartbeatMs === 0 && !replyRequested) return;
    const { messageType } = this.position;
    this.position = {
      ...this.position,
      lsn: serverLsn,
      doneLsn: serverLsn,
      commitLsn: serverLsn,
      told: 0,
      messageType: messageType === null ? null : 'COMMIT', // no change is here, whatever may begin here
    };
    this.parts.output.moved(this.position, replyRequested);
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
    const xmin = this.parts.xmin();
    this.transaction = new OpenTransaction(
      message,
      this.resume,
      this.position.commitLsn,
      new SourceInfo(prefix, database, message.commitTimeUs, message.xid, lastCommit, xmin),
      this.settings.transactionMetadata ? new TransactionCount(message.xid) : undefined,
    );
    if (this.transaction.count !== undefined && this.transaction.tellsBegin(lsn)) {
      const record = this.parts.events.transaction(
        this.transaction.count.begin(lsn, Math.floor(message.commitTimeUs / 1000)),
      );
      this.parts.output.emit(record, this.advance(this.transaction, lsn, 'BEGIN'));
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
    transaction.closePlace();
    this.commitSeen = true;
    this.position = {
      lsn: message.endLsn,
      doneLsn: message.endLsn,
      commitLsn: message.endLsn,
      txId: transaction.xid,
      timeUs: message.commitTimeUs,
      messageType: 'COMMIT',
      incremental: this.parts.incremental.state,
    };
    if (transaction.count !== undefined) {
      const end = transaction.count.end(message.endLsn, Math.floor(message.commitTimeUs / 1000));
      this.parts.output.emit(this.parts.events.transaction(end), this.position);
    } else if (transaction.wrote || this.settings.heartbeatMs > 0) {
      this.parts.output.moved(this.position, !transaction.wrote);
    }
    this.parts.incremental.passed(message.endLsn);
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
    this.hold(
      this.parts.tables.compile(message).then((codec) => {
        this.tables.set(message.id, codec);
      }),
    );
  }

  private row(lsn: bigint, message: Of<'insert'> | Of<'update'> | Of<'delete'>): void {
    const { transaction } = this;
    if (transaction === undefined || transaction.passed(lsn)) return;
    const codec = this.tables.get(message.relationId);
    if (codec === undefined) return;
    const operation = message.kind === 'insert' ? 'c' : message.kind === 'update' ? 'u' : 'd';
    const before = message.kind === 'insert' ? undefined : message.before;
    const after = message.kind === 'delete' ? undefined : message.after;
    if (!this.settings.skipped.has(operation)) {
      if (transaction.wasTold(lsn)) return;
      const { source, count } = transaction;
      const previous = message.kind === 'update' && message.beforeHolds === 'row' ? message.before : undefined;
      const change = { before, after, previous, oldKeyKnown: before !== undefined, source, lsn, count };
      const position = this.advance(transaction, lsn, message.kind.toUpperCase());
      transaction.wrote = true;
      const whole =
        after === undefined ? undefined : this.parts.reselection?.row(codec.table, withOld(after, previous));
      if (whole === undefined) this.tell(codec, operation, change, position);
      else this.hold(whole.then((row) => this.tell(codec, operation, { ...change, after: row }, position)));
    }
    this.parts.incremental.streamed(tableName(codec.table), before, after);
    if (tableName(codec.table) === this.settings.signalTable) this.signal(before, after);
  }

  private tell(codec: TableCodec, operation: 'c' | 'u' | 'd', change: Change, position: Position): void {
    const { events, output, log } = this.parts;
    let records: readonly ConnectRecord[];
    try {
      records = events.change(codec, operation, change);
    } catch (failure) {
      if (this.settings.failsOnEvents) throw failure;
      log.warn('a change was left out', { table: tableName(codec.table), why: messageOf(failure) });
      return;
    }
    const last = records.at(-1);
    for (const record of records) output.emit(record, position, record !== last);
  }

  /** A row of the signal table: a new one is a signal; the deletion of a mark closes its chunk. */
  private signal(before: Tuple | undefined, after: Tuple | undefined): void {
    if (after === undefined) this.parts.incremental.closed(before?.[0] ?? '');
    else if (before === undefined && this.settings.signals.enabled.has('source')) this.parts.signalled(signalOf(after));
  }

  /** A row of an incremental snapshot, told at the place of its closing mark. */
  readRow(codec: TableCodec, row: Tuple, nowUs: number): void {
    const { prefix, database } = this.settings;
    const source = new SourceInfo(prefix, database, nowUs, null, this.commitSeen ? this.position.commitLsn : null);
    const change = { after: row, source, lsn: null, snapshot: 'incremental' as const };
    const position = { ...this.position, incremental: this.parts.incremental.state };
    for (const record of this.parts.events.change(codec, 'r', change)) this.parts.output.emit(record, position);
  }

  private truncate(lsn: bigint, message: Of<'truncate'>): void {
    const { transaction } = this;
    if (transaction === undefined || transaction.passed(lsn) || this.settings.skipped.has('t')) return;
    const { source, count } = transaction;
    for (const id of message.relationIds) {
      const codec = this.tables.get(id);
      if (codec === undefined || transaction.wasTold(lsn)) continue;
      const position = this.advance(transaction, lsn, 'TRUNCATE');
      this.parts.incremental.truncated(tableName(codec.table));
      this.parts.output.emit(this.parts.events.truncate(codec, { source, lsn, count }), position);
      transaction.wrote = true;
    }
  }

  private logicalMessage(message: Of<'message'>): void {
    if (this.skipping && message.transactional) return;
    const wanted = this.settings.includesMessage(message.prefix) && !this.settings.skipped.has('m');
    if (message.transactional) {
      const { transaction } = this;
      if (!wanted || transaction === undefined || transaction.wasTold(message.lsn)) return;
      const change = { source: transaction.source, lsn: message.lsn, count: transaction.count };
      this.parts.output.emit(
        this.parts.events.message(message.prefix, message.content, change),
        this.advance(transaction, message.lsn, 'MESSAGE'),
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
      told: 0,
      // A transaction can begin where its record ends: after a MESSAGE Debezium would take that one's first change for told.
      messageType: 'COMMIT',
    };
    const lastCommit = this.commitSeen ? this.position.commitLsn : null;
    this.position = position;
    if (!wanted) {
      this.parts.output.moved(position, true);
      return;
    }
    const source = new SourceInfo(this.settings.prefix, this.settings.database, position.timeUs, null, lastCommit);
    this.parts.output.emit(
      this.parts.events.message(message.prefix, message.content, { source, lsn: message.lsn }),
      position,
    );
  }

  private advance(transaction: OpenTransaction, lsn: bigint, messageType: string): Position {
    this.position = transaction.advance(lsn, messageType, this.parts.incremental.state);
    return this.position;
  }
}

/** What was not sent, from the old row where that was sent as a whole. */
const withOld = (after: Tuple, previous: Tuple | undefined): Tuple =>
  previous === undefined ? after : after.map((value, index) => (value === undefined ? previous[index] : value));

/** I, U, D: a byte, then the relation's id. */
const ROW_TAGS: ReadonlySet<number> = new Set([0x49, 0x55, 0x44]);

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
