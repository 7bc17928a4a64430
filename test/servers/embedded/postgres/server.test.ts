import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connectPostgres } from '../../../../src/clients/postgres/client.js';
import { type RunningPostgres, startPostgres } from '../../../../src/embedded/postgres/server.js';
import { unprivilegedAccount } from '../../../../src/support/account.js';

const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-postgres-'));
let server: RunningPostgres | undefined;

afterEach(async () => {
  await server?.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('embedded PostgreSQL', () => {
  it('keeps every acknowledged row through kill -9, streams logically, and leaves nothing behind', async () => {
    server = await startPostgres({ dataDir });
    const { password, port } = server;
    const before = await connectPostgres({ url: server.url });
    expect(await before.queryText('SHOW wal_level')).toEqual([['logical']]);
    expect(await before.queryText(`SELECT lower('ÄÖ'), current_setting('fsync')`)).toEqual([['äö', 'on']]);
    // Outside the data folder, a killed server's shared memory would stay for ever.
    expect(await before.queryText('SHOW dynamic_shared_memory_type')).toEqual([['mmap']]);
    await before.execute('CREATE TABLE t (i int)');
    await before.query(`SELECT pg_create_logical_replication_slot('s', 'pgoutput')`);
    for (let i = 0; i < 50; i++) await before.query('INSERT INTO t VALUES ($1)', [i]);

    process.kill(server.pid, 'SIGKILL');
    server = await startAgain({ password, port });
    await before.close();
    const after = await connectPostgres({ url: server.url });
    expect(await after.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 50n }]);
    expect(await after.queryText('SELECT slot_name FROM pg_replication_slots')).toEqual([['s']]);
    await after.close();

    const elsewhere = existsSync(join(dataDir, 'location.json'))
      ? (JSON.parse(readFileSync(join(dataDir, 'location.json'), 'utf8')) as { folder: string }).folder
      : dataDir;
    await server.remove();
    expect([existsSync(dataDir), existsSync(elsewhere)]).toEqual([false, false]);
  });

  it.runIf(process.platform === 'linux')(
    'starts where its old process number belongs to somebody else by now',
    async () => {
      server = await startPostgres({ dataDir });
      const { password, port } = server;
      const before = await connectPostgres({ url: server.url });
      const [[folder = ''] = []] = (await before.queryText('SHOW data_directory')) as [string][];
      await before.close();
      const pidFile = readFileSync(join(folder, 'postmaster.pid'), 'utf8');
      await server.stop();

      const account = unprivilegedAccount();
      const identity = account === undefined ? {} : { uid: account.uid, gid: account.gid };
      const foreign = spawn('sleep', ['600'], { stdio: 'ignore', cwd: '/', ...identity });
      const stale = pidFile.replace(/^\d+/, String(foreign.pid));
      writeFileSync(join(folder, 'postmaster.pid'), stale, { mode: 0o600 });
      if (account !== undefined) chownSync(join(folder, 'postmaster.pid'), account.uid, account.gid);
      server = await startPostgres({ dataDir, password, port });
      expect(foreign.exitCode ?? foreign.signalCode, 'it was left alone').toBeNull();
      foreign.kill('SIGKILL');
    },
  );
});

/** The killed server's last processes may hold its shared memory for a moment; the supervisor's restart does the same. */
async function startAgain(options: { password: string; port: number }): Promise<RunningPostgres> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startPostgres({ dataDir, ...options });
    } catch (failure) {
      if (attempt === 50 || !/still in use/.test((failure as Error).message)) throw failure;
    }
  }
}
