import type pg from 'pg';
import { tlsError } from '../../../clients/postgres/failure.js';
import { messageOf } from '../../../support/errors.js';
import { pause } from '../../../support/retry.js';
import { ConnectFailure } from '../data/failure.js';
import { isRetriable, javaTls } from '../postgresql/connection.js';
import type { SinkRecord, SinkTask, SinkTaskContext } from '../worker/sink-task.js';
import { type Batch, batched } from './batch.js';
import { type Change, ChangeReader, type Shape } from './change.js';
import { arrayParameter } from './column-text.js';
import type { ConnectionSettings, JdbcSettings } from './settings.js';
import { deleteStatement, type RowStatement, writeStatement } from './statements.js';
import { Tables, type TargetTable } from './tables.js';

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Writes records into the tables of a PostgreSQL database: each `put` is one transaction. A lost connection and a
 * conflict with another transaction are tried again, as often as the options say.
 */
export class JdbcSinkTask implements SinkTask {
  private readonly reader: ChangeReader;
  private readonly tables: Tables;
  private statements = new WeakMap<TargetTable, Map<string, WeakMap<Shape, RowStatement>>>();
  private client: pg.Client | undefined;

  constructor(
    private readonly settings: JdbcSettings,
    private readonly context: SinkTaskContext,
  ) {
    this.reader = new ChangeReader(settings);
    this.tables = new Tables(settings);
  }

  async start(): Promise<void> {
    this.client = await this.connected();
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    const { report, signal } = this.context;
    try {
      await this.store(records.flatMap((record) => this.reader.read(record) ?? []));
    } catch (failure) {
      signal.throwIfAborted();
      if (report === undefined || isRetriable(failure)) throw failure;
      const [only] = records;
      if (records.length === 1 && only !== undefined) await report(only, failure);
      else await this.putHalves(records);
    }
  }

  async stop(): Promise<void> {
    await this.disconnect();
  }

  /** Finds out, by few transactions, which records can't be stored; the others are, in their order. */
  private async putHalves(records: readonly SinkRecord[]): Promise<void> {
    const middle = Math.ceil(records.length / 2);
    await this.put(records.slice(0, middle));
    await this.put(records.slice(middle));
  }

  private async store(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const batches = batched(changes, this.settings.batchRows, this.settings.insertMode !== 'insert');
    for (let attempt = 0; ; attempt++) {
      try {
        await this.transaction(batches);
        return;
      } catch (failure) {
        this.context.signal.throwIfAborted();
        if (!isRetriable(failure)) throw new ConnectFailure('Failed to process a sink record', { cause: failure });
        if (attempt >= this.settings.retries)
          throw new ConnectFailure(
            `Exceeded max retries ${this.settings.retries} times, failed to process sink records`,
            { cause: failure },
          );
        this.context.log.warn('records were not stored, trying again', {
          connector: this.context.connector,
          why: messageOf(failure),
          inMs: this.settings.retryMs,
        });
        await pause(this.settings.retryMs, this.context.signal);
      }
    }
  }

  private async transaction(batches: readonly Batch[]): Promise<void> {
    const client = await this.connected();
    try {
      await this.sendAll(client, batches);
    } catch (failure) {
      this.tables.forget();
      this.statements = new WeakMap();
      await client.query('ROLLBACK').catch(() => this.disconnect()); // a connection in an unknown state is not used again
      throw failure;
    }
  }

  /**
   * Nothing is waited for but answers about tables that are new: the server works on it while the next records are
   * converted. Once a statement has failed, the server refuses those behind it and rolls back at COMMIT.
   */
  private async sendAll(client: pg.Client, batches: readonly Batch[]): Promise<void> {
    const answers: Promise<unknown>[] = [];
    const send = (sql: string, parameters?: readonly string[]): void => {
      const answer = client.query(sql, parameters as string[] | undefined);
      answer.catch(() => {}); // thrown below, or after another failure
      answers.push(answer);
    };
    send('BEGIN');
    for (const batch of batches) {
      const table = await this.table(client, batch).catch(async (failure) => {
        await Promise.all(answers); // the failure before this one, if there is one, is the cause
        throw failure;
      });
      if (table !== undefined) this.run(send, table, batch);
    }
    send('COMMIT');
    await Promise.all(answers);
  }

  /** Undefined: a table that was never made has no rows. */
  private async table(client: pg.Client, { kind, table: name, shape }: Batch): Promise<TargetTable | undefined> {
    if (shape !== undefined && kind === 'write') return this.tables.fitting(client, name, shape);
    const table = await this.tables.find(client, name);
    if (table === undefined && !this.settings.createTables) throw new ConnectFailure(`Could not find table: ${name}`);
    return table;
  }

  private run(
    send: (sql: string, parameters?: readonly string[]) => void,
    table: TargetTable,
    { kind, shape, rows }: Batch,
  ): void {
    if (shape === undefined || kind === 'truncate') {
      send(`TRUNCATE TABLE ${table.sql}`);
      return;
    }
    const { sql, toText } = this.statement(kind, table, shape);
    send(
      sql,
      toText.map((text, column) => arrayParameter(rows, column, text)),
    );
  }

  private statement(kind: 'write' | 'delete', table: TargetTable, shape: Shape): RowStatement {
    const byKind = this.statements.get(table) ?? new Map<string, WeakMap<Shape, RowStatement>>();
    this.statements.set(table, byKind);
    const byShape = byKind.get(kind) ?? new WeakMap<Shape, RowStatement>();
    byKind.set(kind, byShape);
    const make = kind === 'write' ? writeStatement : deleteStatement;
    const statement = byShape.get(shape) ?? make(table, shape, this.tables, this.settings);
    byShape.set(shape, statement);
    return statement;
  }

  private async connected(): Promise<pg.Client> {
    this.client ??= await openConnection(this.settings.connection, () => {
      this.client = undefined;
    });
    return this.client;
  }

  private async disconnect(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => {}); // it is gone already
  }
}

/** A connection of the sink; `lost` is called when the server goes away between two statements. */
async function openConnection(settings: ConnectionSettings, lost: () => void): Promise<pg.Client> {
  const { host, port, database, user, password, tls, timeZone } = settings;
  const { Client, ssl } = javaTls(tls);
  const client = new Client({
    host,
    port,
    database,
    user,
    ...(password === undefined ? {} : { password }),
    ssl,
    application_name: 'Debezium JDBC sink',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    options: `-c TimeZone=${timeZone} -c DateStyle=ISO,MDY`,
    pipeline: true, // statements are sent before those in front of them are answered
  } as pg.ClientConfig);
  client.on('error', lost);
  client.on('end', lost);
  try {
    await client.connect();
    return client;
  } catch (failure) {
    client.end().catch(() => {}); // it was never open
    throw tlsError(failure, `${host}:${port}/${database}`) ?? failure;
  }
}
