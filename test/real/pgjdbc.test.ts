import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../../src/embedded/connect/postgresql/connection.js';
import type { Settings } from '../../src/embedded/connect/postgresql/settings.js';
import { type RunningPostgres, startPostgres } from '../../src/embedded/postgres/server.js';
import { databaseComponent } from '../../src/kinds/database/component.js';
import type { SslParameters } from '../../src/support/postgres-tls.js';
import { OTHER, TRUSTED, turnTlsOn } from '../support/postgres-tls.js';
import { downloadRealStack } from './stack/download.js';
import { repositoryFolder } from './stack/repository.js';

/** What `$(databases.X.jdbcUrl)` means to Java's driver, and that the embedded Connect reads TLS parameters as the driver does. */

const folder = mkdtempSync(join(tmpdir(), 'evpipe-pgjdbc-'));
let server: RunningPostgres;

beforeAll(async () => {
  server = await startPostgres({ dataDir: join(folder, 'postgres') });
});

afterAll(async () => {
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

function jdbcUrl(parameters: SslParameters, host: string): string {
  const { address } = databaseComponent({ name: 'orders' }, { target: { name: 'real', base: 'cluster' } });
  const url = new URL(server.url);
  url.hostname = host;
  const endpoint = address.endpoint({ url: url.href, ...parameters }, { env: {}, folder: '/' });
  const found = endpoint && address.referred?.(endpoint).jdbcUrl;
  if (found === undefined) throw new Error('there is no JDBC URL of it');
  return found;
}

/** `TLS`, `plain` or `refused`, one for each. */
async function byJava(urls: readonly string[]): Promise<readonly string[]> {
  const driver = join(await downloadRealStack(), 'plugins/debezium-connector-postgres/*');
  const env = { ...process.env, PGUSER: 'postgres', PGPASSWORD: server.password, HOME: folder };
  const program = join(repositoryFolder, 'test/real/stack/java/Transport.java');
  const { stdout } = await promisify(execFile)('java', ['-cp', driver, program, ...urls], { env });
  return stdout.trim().split('\n');
}

async function byConnect(tls: SslParameters, host: string): Promise<string> {
  const { port, password } = server;
  const at = { host, port, user: 'postgres', password, database: 'postgres', initialStatements: undefined };
  try {
    const client = await connect({ ...at, tls } as Settings);
    const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    await client.end();
    return rows[0]?.ssl === true ? 'TLS' : 'plain';
  } catch {
    return 'refused';
  }
}

// All but `allow`, which evpipe refuses by name.
const MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'];
const CASES = MODES.flatMap((sslmode): (readonly [SslParameters, string])[] => [
  [{ sslmode, sslrootcert: TRUSTED }, '127.0.0.1'],
  [{ sslmode, sslrootcert: OTHER }, '127.0.0.1'],
  [{ sslmode, sslrootcert: TRUSTED }, 'localhost'],
]);

async function compare(): Promise<void> {
  const real = await byJava(CASES.map(([parameters, host]) => jdbcUrl(parameters, host)));
  const ours: string[] = [];
  for (const [parameters, host] of CASES) ours.push(await byConnect(parameters, host));
  const named = (found: readonly string[]) =>
    CASES.map(([{ sslmode, sslrootcert }, host], at) => `${sslmode} ${sslrootcert} ${host}: ${found[at]}`);
  expect(named(ours)).toEqual(named(real));
}

it('connects where Java’s driver connects, and with TLS where that has it, on a server without TLS and on one with it', async () => {
  await compare();
  await turnTlsOn(server);
  await compare();
  expect(await byJava([jdbcUrl({ sslmode: 'verify-full', sslrootcert: TRUSTED }, '127.0.0.1')])).toEqual(['TLS']);
});
