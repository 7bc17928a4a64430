import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres } from '../../../../src/clients/postgres/client.js';
import { connect as connectAsDebezium } from '../../../../src/embedded/connect/postgresql/connection.js';
import type { Settings } from '../../../../src/embedded/connect/postgresql/settings.js';
import { type RunningPostgres, startPostgres } from '../../../../src/embedded/postgres/server.js';
import { openDatabase } from '../../../../src/kit/database.js';
import type { EvpipeError } from '../../../../src/support/errors.js';
import { silentLog } from '../../../../src/support/log.js';
import { withSslParameters } from '../../../../src/support/postgres-tls.js';
import { CLIENT, OTHER, TRUSTED, transportOf, turnTlsOn } from '../../../support/postgres-tls.js';

const folder = mkdtempSync(join(tmpdir(), 'evpipe-tls-'));
let server: RunningPostgres;

beforeAll(async () => {
  server = await startPostgres({ dataDir: join(folder, 'postgres') });
});

afterAll(async () => {
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

type Parameters = Readonly<Record<string, string>>;

const UNTRUSTED = /^PostgreSQL at 127\.0\.0\.1:\d+\/postgres: no TLS connection: self-signed certificate$/;
const WRONG_HOST = /^PostgreSQL at localhost:\d+\/postgres: no TLS connection: Hostname\/IP does not match/;
const NO_FILE = /sslmode=verify-ca needs sslrootcert/;

async function transportOfKit(): Promise<string> {
  const database = openDatabase(server.url, 'test', silentLog);
  try {
    const rows = await database.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return rows[0]?.ssl ? 'TLS' : 'plain';
  } finally {
    await database.close();
  }
}

describe('a server without TLS', () => {
  it('is talked to without, unless TLS is required', async () => {
    expect(await transportOf(server.url, {})).toBe('plain');
    expect(await transportOf(server.url, { sslmode: 'prefer' })).toBe('plain');
    expect(await transportOfKit()).toBe('plain');
    expect(await transportOf(server.url, { sslmode: 'require' })).toMatch(/no TLS connection: the server has no TLS$/);
  });
});

describe('a server with TLS', () => {
  beforeAll(() => turnTlsOn(server));

  describe('sslmode, as libpq has it', () => {
    it.each<[mode: string, ...Record<'trusted' | 'untrusted' | 'unnamed' | 'elsewhere', string | RegExp>[]]>([
      ['disable', { trusted: 'plain', untrusted: 'plain', unnamed: 'plain', elsewhere: 'plain' }],
      ['prefer', { trusted: 'TLS', untrusted: 'TLS', unnamed: 'TLS', elsewhere: 'TLS' }],
      ['require', { trusted: 'TLS', untrusted: UNTRUSTED, unnamed: 'TLS', elsewhere: 'TLS' }],
      ['verify-ca', { trusted: 'TLS', untrusted: UNTRUSTED, unnamed: NO_FILE, elsewhere: 'TLS' }],
      ['verify-full', { trusted: 'TLS', untrusted: UNTRUSTED, unnamed: UNTRUSTED, elsewhere: WRONG_HOST }],
    ])('%s', async (sslmode, expected) => {
      const { url } = server;
      const found = {
        trusted: await transportOf(url, { sslmode, sslrootcert: TRUSTED }),
        untrusted: await transportOf(url, { sslmode, sslrootcert: OTHER }),
        unnamed: await transportOf(url, { sslmode }),
        elsewhere: await transportOf(url, { sslmode, sslrootcert: TRUSTED }, 'localhost'),
      };
      expect(found).toEqual(
        Object.fromEntries(
          Object.entries(expected ?? {}).map(([name, one]) => [
            name,
            one instanceof RegExp ? expect.stringMatching(one) : one,
          ]),
        ),
      );
    });

    it.each<[Parameters, RegExp]>([
      [{ sslmode: 'no-verify' }, /sslmode=no-verify is none of disable, prefer/],
      [{ sslmode: 'allow' }, /sslmode=allow would log in without TLS first/],
      [{ sslmode: 'require', sslcert: CLIENT.sslcert }, /sslcert and sslkey belong together/],
      [{ sslmode: 'require', sslrootcert: 'system' }, /sslrootcert=system needs sslmode=verify-full/],
      [{ sslmode: 'require', sslrootcert: '/nowhere/ca.pem' }, /cannot read the certificate or key \/nowhere\/ca\.pem/],
    ])('refuses %o', async (parameters, why) => {
      expect(await transportOf(server.url, parameters)).toMatch(why);
    });
  });

  describe('TLS to a database', () => {
    it('is given up at once with what to do, where the certificate is not trusted', async () => {
      const url = withSslParameters(server.url, { sslmode: 'verify-full', sslrootcert: OTHER }, '/');
      const failure: EvpipeError = await connectPostgres({ url }).catch((thrown) => thrown);
      expect(failure).toMatchObject({ code: 'EVPIPE_POSTGRES_TLS', kind: 'failed' });
      expect(failure.todo).toMatch(/^Check its address: sslrootcert/);
      expect(`${failure.message}${failure.todo}`).not.toContain(server.password);
    });

    it('shows the client certificate, with a key in PEM or in DER as Java wants it', async () => {
      const der = join(folder, 'client.pk8');
      writeFileSync(der, createPrivateKey(readFileSync(CLIENT.sslkey)).export({ format: 'der', type: 'pkcs8' }));
      for (const sslkey of [CLIENT.sslkey, der]) {
        const parameters = { ...CLIENT, sslkey, sslmode: 'verify-full', sslrootcert: TRUSTED };
        const client = await connectPostgres({ url: withSslParameters(server.url, parameters, '/') });
        const shown = 'SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
        expect(await client.queryText(shown)).toEqual([['/CN=localhost']]);
        await client.close();
      }
    });

    it('is what a service of the kit gets where its server has it', async () => {
      expect(await transportOfKit()).toBe('TLS');
      expect(await transportOf(server.url, {})).toBe('TLS');
    });

    it('verifies as Java does in the embedded Connect: require asks for no authority', async () => {
      const { port, password } = server;
      const at = { host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' };
      const connect = (tls: Settings['tls']) =>
        connectAsDebezium({ ...at, tls, initialStatements: undefined } as Settings);
      const client = await connect({ sslmode: 'require', sslrootcert: OTHER });
      const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      await client.end();
      expect(rows).toEqual([{ ssl: true }]);
      await expect(connect({ sslmode: 'verify-ca', sslrootcert: OTHER })).rejects.toThrow(UNTRUSTED);
    });
  });
});
