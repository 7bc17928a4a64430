import { createPrivateKey } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import type pg from 'pg';
import { type SslParameters, SYSTEM_AUTHORITIES, sslModeOf } from '../../support/postgres-tls.js';
import { tlsSettings } from '../../support/tls-files.js';
import { GuardedClient } from './guarded-client.js';

/** With which class of client, and with which `ssl` in its config. */
export interface PgTls {
  readonly Client: typeof pg.Client;
  readonly ssl: false | ConnectionOptions;
}

/**
 * libpq's modes. (pg itself would verify everything in each of them but `disable`, and warn.) `prefer` takes TLS where the
 * server has it and verifies nothing; `require` insists on it, and verifies the authority only where
 * `sslrootcert` names one; `verify-ca` verifies the authority, `verify-full` the host name too. Without a file, `verify-full`
 * trusts the authorities that come with Node.js. Throws EVPIPE_POSTGRES_TLS and EVPIPE_TLS_FILE (kind usage).
 */
export function pgTls(parameters: SslParameters): PgTls {
  const mode = sslModeOf(parameters);
  if (mode === 'disable') return { Client: GuardedClient, ssl: false };
  const { sslrootcert, sslcert, sslkey } = parameters;
  const { ca, cert, key } = tlsSettings({
    ca: sslrootcert === SYSTEM_AUTHORITIES || mode === 'prefer' ? undefined : sslrootcert,
    cert: sslcert,
    key: sslkey,
  });
  const own = { ...(cert !== undefined && { cert }), ...(key !== undefined && { key: pemOf(key) }) };
  if (mode === 'prefer') return { Client: PreferringClient, ssl: { ...own, rejectUnauthorized: false } };
  if (mode === 'require' && ca === undefined)
    return { Client: GuardedClient, ssl: { ...own, rejectUnauthorized: false } };
  const trusted = { ...own, ...(ca !== undefined && { ca }) };
  return {
    Client: GuardedClient,
    ssl: mode === 'verify-full' ? trusted : { ...trusted, checkServerIdentity: () => undefined },
  };
}

/** Java's driver wants keys as PKCS #8 in DER, libpq takes both: one file does for all. */
function pemOf(key: Buffer): Buffer | string {
  if (key.includes('-----BEGIN')) return key;
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
  } catch {
    return key; // of no kind that is known here: TLS says so
  }
}

/** The server's answer to a request for TLS where it has none. */
const NO_TLS = 'N';

/** Goes on without TLS, on the same connection, where the server has none; pg would give up. */
class PreferringClient extends GuardedClient {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const { connection: wire } = this;
    const connect = wire.connect.bind(wire);
    wire.connect = (port, host) => {
      connect(port, host);
      const [answered] = wire.stream.listeners('data');
      wire.stream.removeAllListeners('data').once('data', (answer: Buffer) => {
        if (answer.toString('latin1') !== NO_TLS) {
          answered?.call(wire.stream, answer);
          return;
        }
        wire.attachListeners(wire.stream);
        wire.emit('sslconnect');
      });
    };
  }
}
