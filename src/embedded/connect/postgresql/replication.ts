import type pg from 'pg';
import { quoteIdentifier, quoteLiteral } from '../../../protocol/sql.js';
import { asLsn, formatLsn, parseLsn } from '../../../support/brands.js';
import { connect, debeziumFailure } from './connection.js';
import type { Settings } from './settings.js';

/** Microseconds between the epochs of Unix and PostgreSQL (2000-01-01). */
const EPOCH_GAP_US = 946_684_800_000_000n;

const WAL_DATA = 0x77;
const WAL_DATA_HEAD_BYTES = 25;
const KEEPALIVE = 0x6b;
const KEEPALIVE_BYTES = 18;

export interface CreatedSlot {
  /** Everything committed before it is visible in the snapshot, everything after it is streamed. */
  readonly consistentPoint: bigint;
  /** Valid until the next command on this connection. */
  readonly snapshot: string;
}

export interface StreamListener {
  /** One pgoutput message; the bytes are only lent. */
  data(lsn: bigint, message: Buffer): void;
  /** The server has sent everything up to here. */
  keepalive(serverLsn: bigint, replyRequested: boolean): void;
  /** The stream is over: undefined where it was stopped. */
  ended(failure: unknown): void;
}

/** A walsender connection: makes slots, then streams one. */
export class ReplicationConnection {
  private readonly wire: pg.Connection;
  private streaming = false;
  private stopped = false;

  private constructor(
    private readonly client: pg.Client,
    private readonly clock: () => number,
  ) {
    this.wire = client.connection;
  }

  static async open(settings: Settings, clock: () => number): Promise<ReplicationConnection> {
    return new ReplicationConnection(await connect(settings, true), clock);
  }

  async createSlot(name: string, temporary: boolean): Promise<CreatedSlot> {
    const kind = temporary ? 'TEMPORARY ' : '';
    const { rows } = await this.client.query(
      `CREATE_REPLICATION_SLOT ${quoteIdentifier(name)} ${kind}LOGICAL pgoutput EXPORT_SNAPSHOT`,
    );
    return { consistentPoint: parseLsn(rows[0].consistent_point), snapshot: rows[0].snapshot_name };
  }

  /** Resolves when the server has begun; from then on the listener is called, `ended` last and once. */
  async stream(from: bigint, settings: Settings, listener: StreamListener): Promise<void> {
    const options = [
      `"proto_version" '1'`,
      `"publication_names" ${quoteLiteral(quoteIdentifier(settings.publication))}`,
      ...((await this.knowsMessages()) ? [`"messages" 'true'`] : []),
      ...settings.slotParameters.map(([name, value]) => `${quoteIdentifier(name)} ${quoteLiteral(value)}`),
    ];
    const { wire } = this;
    const command = `START_REPLICATION SLOT ${quoteIdentifier(settings.slot)} LOGICAL ${formatLsn(asLsn(from))} (${options.join(', ')})`;
    await new Promise<void>((resolve, reject) => {
      let ended = false;
      const end = (failure: unknown): void => {
        if (ended) return;
        ended = true;
        if (!this.streaming) reject(failure);
        else listener.ended(this.stopped ? undefined : failure);
      };
      wire.on('replicationStart', () => {
        this.streaming = true;
        resolve();
      });
      wire.on('copyData', ({ chunk }: { readonly chunk: Buffer }) => {
        if (ended || this.stopped) return;
        try {
          receive(chunk, listener);
        } catch (failure) {
          end(failure);
        }
      });
      this.client.once('end', () => end(debeziumFailure('The connection to the database was closed', undefined, true)));
      this.client
        .query(command)
        .then(() => end(debeziumFailure('The server ended the replication stream', undefined, true)), end);
    });
  }

  private async knowsMessages(): Promise<boolean> {
    const { rows } = await this.client.query('SHOW server_version_num');
    return Number(rows[0].server_version_num) >= 140_000;
  }

  /** Stops reading from the socket until `resume`. */
  pause(): void {
    this.wire.stream.pause();
  }

  resume(): void {
    if (!this.stopped) this.wire.stream.resume();
  }

  /** Confirms everything before `lsn`: the server may forget it. `ask`: the server says how far it is. */
  confirm(lsn: bigint, ask = false): void {
    if (!this.streaming || this.stopped) return;
    const status = Buffer.allocUnsafe(34);
    status.write('r', 0, 'latin1');
    status.writeBigUInt64BE(lsn, 1); // written
    status.writeBigUInt64BE(lsn, 9); // flushed
    status.writeBigUInt64BE(lsn, 17); // applied
    status.writeBigInt64BE(BigInt(this.clock()) * 1000n - EPOCH_GAP_US, 25);
    status[33] = ask ? 1 : 0;
    this.wire.sendCopyFromChunk(status);
  }

  /** The walsender needs a moment to let go of the slot; the next reader waits for it. */
  async close(): Promise<void> {
    this.stopped = true;
    this.wire.stream.resume(); // a paused socket would not see the end
    if (this.streaming) {
      this.wire.stream.destroy();
      return;
    }
    await this.client.end().catch(() => {}); // it is gone already
  }
}

function receive(chunk: Buffer, listener: StreamListener): void {
  const kind = chunk[0];
  if (chunk.length < (kind === WAL_DATA ? WAL_DATA_HEAD_BYTES : kind === KEEPALIVE ? KEEPALIVE_BYTES : 0))
    throw debeziumFailure('The server sent a message of the replication stream that is cut off');
  if (kind === WAL_DATA) listener.data(chunk.readBigUInt64BE(1), chunk.subarray(WAL_DATA_HEAD_BYTES));
  else if (kind === KEEPALIVE) listener.keepalive(chunk.readBigUInt64BE(1), chunk[17] === 1);
}
