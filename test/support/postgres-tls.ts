import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import type { RunningPostgres } from '../../src/embedded/postgres/server.js';
import { messageOf } from '../../src/support/errors.js';
import { withSslParameters } from '../../src/support/postgres-tls.js';
import { waitUntil } from '../../src/support/retry.js';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

/** Of a server at 127.0.0.1, and of nothing else: by the name localhost it is the wrong one. */
export const TRUSTED = fixture('address-cert.pem');
export const OTHER = fixture('cert.pem');
export const CLIENT = { sslcert: fixture('cert.pem'), sslkey: fixture('key.pem') };

/** Resolves when the server takes TLS, with the certificate TRUSTED. */
export async function turnTlsOn({ url }: RunningPostgres): Promise<void> {
  const client = await connectPostgres({ url });
  const [[cluster] = []] = await client.queryText('SHOW data_directory');
  const { uid, gid } = statSync(String(cluster));
  for (const [name, from] of [
    ['server.crt', TRUSTED],
    ['server.key', fixture('address-key.pem')],
    ['root.crt', CLIENT.sslcert],
  ] as const) {
    const file = join(String(cluster), name);
    writeFileSync(file, readFileSync(from), { mode: 0o600 });
    chownSync(file, uid, gid);
  }
  for (const setting of [`ssl_ca_file = 'root.crt'`, 'ssl = on']) await client.queryText(`ALTER SYSTEM SET ${setting}`);
  await client.queryText('SELECT pg_reload_conf()');
  await client.close();
  const takesTls = async () => ((await transportOf(url, { sslmode: 'prefer' })) === 'TLS' ? true : undefined);
  await waitUntil('the server to take TLS', takesTls, { timeoutMs: 20_000 });
}

/** TLS or plain; else why not. */
export async function transportOf(
  url: string,
  parameters: Readonly<Record<string, string>>,
  host = '127.0.0.1',
): Promise<string> {
  const at = new URL(withSslParameters(url, parameters, '/'));
  at.hostname = host;
  try {
    const client = await connectPostgres({ url: at.href });
    const rows = await client.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    await client.close();
    return rows[0]?.ssl ? 'TLS' : 'plain';
  } catch (failure) {
    return messageOf(failure);
  }
}
