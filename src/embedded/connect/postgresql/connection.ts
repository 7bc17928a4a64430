import type pg from 'pg';
import { tlsError } from '../../../clients/postgres/failure.js';
import { type PgTls, pgTls } from '../../../clients/postgres/tls.js';
import { isConnectionLost } from '../../../support/connection-failure.js';
import { codeOf } from '../../../support/errors.js';
import type { SslParameters } from '../../../support/postgres-tls.js';
import { ConnectFailure, DEBEZIUM_EXCEPTION } from '../data/failure.js';
import type { Settings } from './settings.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** Text output has to look the same on every server, in queries and in the replication stream. */
const SESSION = [
  '-c DateStyle=ISO,MDY',
  '-c IntervalStyle=postgres',
  '-c TimeZone=UTC',
  '-c bytea_output=hex',
  '-c extra_float_digits=3',
  '-c client_encoding=UTF8',
  '-c lc_monetary=C',
  '-c statement_timeout=0',
  '-c idle_in_transaction_session_timeout=0',
].join(' ');

/** An open connection; errors outside of a query (the server went away) end up in the next one. */
export async function connect(settings: Settings, replication = false): Promise<pg.Client> {
  const { Client, ssl } = javaTls(settings.tls);
  const client = new Client({
    host: settings.host,
    port: settings.port,
    user: settings.user,
    database: settings.database,
    ...(settings.password === undefined ? {} : { password: settings.password }),
    ssl,
    application_name: 'Debezium Streaming',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    options: SESSION,
    ...(replication ? { replication: 'database' } : {}),
  });
  client.on('error', () => {}); // the query that is running, or the next one, rejects with it
  try {
    await client.connect();
  } catch (failure) {
    client.end().catch(() => {});
    throw tlsError(failure, `${settings.host}:${settings.port}/${settings.database}`) ?? failure;
  }
  if (!replication && settings.initialStatements !== undefined) await client.query(settings.initialStatements);
  return client;
}

/** As Java's driver has it: unlike libpq, it verifies nothing for `require`, whatever `sslrootcert` says. */
export const javaTls = (parameters: SslParameters): PgTls =>
  pgTls(parameters.sslmode === 'require' ? { ...parameters, sslrootcert: undefined } : parameters);

/** SQLSTATEs after which another attempt can succeed. */
const RETRIABLE_STATES = /^(08|57P0[123]|53300|55006|58P01|40001|40P01)/;

export function isRetriable(thrown: unknown): boolean {
  if (thrown instanceof ConnectFailure) return thrown.retriable;
  if (thrown instanceof AggregateError) return thrown.errors.some(isRetriable);
  if (!(thrown instanceof Error)) return false;
  const code = codeOf(thrown) ?? '';
  if (isConnectionLost(code) || code === 'ENOTFOUND' || RETRIABLE_STATES.test(code)) return true;
  return /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired)/.test(
    thrown.message,
  );
}

export const debeziumFailure = (message: string, cause?: unknown, retriable = false): ConnectFailure =>
  new ConnectFailure(message, { className: DEBEZIUM_EXCEPTION, retriable, ...(cause === undefined ? {} : { cause }) });
