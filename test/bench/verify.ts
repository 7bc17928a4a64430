/**
 * `evpipe verify-consistency` beside reladiff, in turns, on one PostgreSQL with warm caches: two databases by address, no
 * Kafka. Times are of whole commands, memory is the peak of the process. Needs python3; reladiff is installed from PyPI
 * into a folder below dist/.
 *
 *   npm run bench verify [rows, default 500000] [rounds, default 3]
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import { startPostgres } from '../../src/embedded/postgres/server.js';

const rows = Number(process.argv[2] ?? 500_000);
const rounds = Number(process.argv[3] ?? 3);
const repository = fileURLToPath(new URL('../..', import.meta.url));

const BY_NUMBER = 'id bigint PRIMARY KEY';
const BY_UUID = 'id uuid PRIMARY KEY';
const COLUMNS =
  'name text, amount numeric(12,2), quantity int, price double precision, active boolean, code text, born date, changed timestamptz';
const VALUES = `'name ' || n, n * 1.25, n % 1000, n / 7.0, n % 2 = 0, md5(n::text), date '2000-01-01' + (n % 9000)::int,
  timestamptz '2026-01-01' + n * interval '1 second'`;

interface Case {
  readonly name: string;
  readonly rows: number;
  readonly key: 'number' | 'uuid';
  /** Made in the replica. */
  readonly spoil: string;
  readonly differences: number;
}

const CASES: readonly Case[] = [
  { name: 'identical', rows, key: 'number', spoil: '', differences: 0 },
  {
    name: '13 differences',
    rows,
    key: 'number',
    spoil: `UPDATE t SET name = 'other' WHERE id % (${rows} / 13) = 1 AND id < ${rows} / 13 * 13`,
    differences: 13,
  },
  {
    name: 'uuid keys, 3 differences',
    rows: Math.min(rows, 1_000_000),
    key: 'uuid',
    spoil: 'UPDATE t SET quantity = -1 WHERE id IN (SELECT id FROM t ORDER BY id LIMIT 3)',
    differences: 3,
  },
  {
    name: 'half different',
    rows: Math.min(rows, 500_000),
    key: 'number',
    spoil: 'UPDATE t SET price = price + 1 WHERE id % 2 = 0',
    differences: Math.min(rows, 500_000) / 2,
  },
  { name: '10 rows', rows: 10, key: 'number', spoil: '', differences: 0 },
];

interface Run {
  readonly seconds: number;
  readonly megabytes: number;
  readonly stdout: string;
}

/** Runs to the end; the peak memory is read from /proc, as often as it takes not to miss it. */
async function run(command: string, args: readonly string[], cwd: string): Promise<Run> {
  const startedMs = performance.now();
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, CI: 'true' } });
  let [stdout, peakKb] = ['', 0];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.resume();
  const watch = setInterval(() => {
    try {
      const [, kb] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      peakKb = Math.max(peakKb, Number(kb ?? 0));
    } catch {
      // It has just ended.
    }
  }, 20);
  await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  return { seconds: (performance.now() - startedMs) / 1000, megabytes: peakKb / 1024, stdout };
}

function reladiff(): string {
  const folder = join(repository, 'dist', '.bench-reladiff');
  const program = join(folder, 'bin', 'reladiff');
  if (existsSync(program)) return program;
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', folder],
    [join(folder, 'bin', 'pip'), '-q', 'install', 'reladiff', 'psycopg2-binary'],
  ] as const) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  }
  return program;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const peer = reladiff();
const folder = mkdtempSync(join(tmpdir(), 'evpipe-bench-verify-'));
const server = await startPostgres({ dataDir: join(folder, 'pg') });
try {
  const admin = await connectPostgres({ url: server.urlOf('postgres') });
  for (const name of ['source', 'replica']) await admin.execute(`CREATE DATABASE ${name}`);
  await admin.close();
  const urls = { source: server.urlOf('source'), replica: server.urlOf('replica') };
  const here = join(folder, 'pipeline');
  mkdirSync(here);
  writeFileSync(
    join(here, 'evpipe.yaml'),
    `version: 1
name: bench
databases: { source: {}, replica: {} }
targets: { here: { databases: { source: { url: "${urls.source}" }, replica: { url: "${urls.replica}" } } } }
checks:
  t: { source: { database: source, table: t }, replica: { database: replica, table: t }, key: [id], through: [] }
`,
  );
  console.log(`${rounds} rounds in turns; medians\n`);
  console.log(
    `${'case'.padEnd(34)} ${'evpipe'.padStart(9)} ${'reladiff'.padStart(9)} ${'ratio'.padStart(7)}   peak memory`,
  );
  for (const one of CASES) {
    for (const [side, url] of Object.entries(urls)) {
      const client = await connectPostgres({ url });
      const key = one.key === 'uuid' ? 'md5(n::text)::uuid' : 'n';
      await client.execute(`DROP TABLE IF EXISTS t; CREATE TABLE t (${one.key === 'uuid' ? BY_UUID : BY_NUMBER}, ${COLUMNS});
        INSERT INTO t SELECT ${key}, ${VALUES} FROM generate_series(1, ${one.rows}) AS n; ${side === 'replica' ? one.spoil : ''}`);
      await client.execute('VACUUM ANALYZE t');
      await client.close();
    }
    const ours: Run[] = [];
    const theirs: Run[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const evpipe = join(repository, 'bin', 'evpipe.js');
      ours.push(await run('node', [evpipe, 'verify-consistency', '--target', 'here', '--output', 'json'], here));
      const [from, to] = [urls.source, urls.replica].map((url) => url.replace(/^postgres:/, 'postgresql:'));
      theirs.push(await run(peer, [from ?? '', 't', to ?? '', 't', '-k', 'id', '-c', '%', '--json'], here));
    }
    const report = ours[0]?.stdout.split('\n').find((line) => line.includes('"check-report"'));
    const found = report === undefined ? undefined : (JSON.parse(report) as { report: { different: number } }).report;
    if (found?.different !== one.differences)
      throw new Error(
        `${one.name}: evpipe finds ${found?.different} of ${one.differences} differences: ${ours[0]?.stdout}`,
      );
    // It writes a list for each side of a difference, wrapped at 80 columns, and ends with 0 whatever happens.
    const lists = theirs[0]?.stdout.match(/^\["[+-]"/gm)?.length ?? 0;
    if (lists !== 2 * one.differences) throw new Error(`${one.name}: reladiff writes ${lists} rows`);
    const [a, b] = [ours, theirs].map((runs) => median(runs.map(({ seconds }) => seconds)));
    const [x, y] = [ours, theirs].map((runs) => Math.max(...runs.map(({ megabytes }) => megabytes)));
    if (a === undefined || b === undefined || x === undefined || y === undefined) continue;
    const name = `${one.rows} x 9, ${one.name}`;
    console.log(
      `${name.padEnd(34)} ${`${a.toFixed(2)} s`.padStart(9)} ${`${b.toFixed(2)} s`.padStart(9)} ${(a / b).toFixed(2).padStart(7)}   ${x.toFixed(0)} MB, ${y.toFixed(0)} MB`,
    );
  }
} finally {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
}
