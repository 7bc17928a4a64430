/**
 * `evpipe verify-consistency` beside reladiff, in turns, on one PostgreSQL with warm caches: two databases by address, no
 * Kafka. Times are of whole commands, memory is the peak of the process; the CPU time of the command and of PostgreSQL says
 * something on a busy machine too. Then beside a bare aggregate of the same rows, in one statement a side; over tables of
 * growing size; and what pgbench loses to it. Needs python3 and PostgreSQL's pgbench; reladiff is installed from PyPI into
 * a folder below dist/.
 *
 *   npm run bench verify [rows, default 500000] [rounds, default 3] [sizes of the straight line, default 1000000,2000000,4000000]
 *     [parts, default all: names of cases, aggregate, line, pgbench, with commas between]
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import { startPostgres } from '../../src/embedded/postgres/server.js';

const rows = Number(process.argv[2] ?? 500_000);
const rounds = Number(process.argv[3] ?? 3);
const parts = process.argv[5]?.split(',');
const isWanted = (part: string): boolean => parts === undefined || parts.includes(part);
const line = (process.argv[4] ?? '1000000,2000000,4000000').split(',').map(Number);
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
  /** Options of the command. */
  readonly argv?: readonly string[];
}

const IDENTICAL: Case = { name: 'identical', rows, key: 'number', spoil: '', differences: 0 };
const CASES: readonly Case[] = [
  IDENTICAL,
  { ...IDENTICAL, name: 'identical --since', argv: ['--since', '2025-01-01'] },
  {
    name: '13 differences',
    rows,
    key: 'number',
    spoil: `UPDATE t SET name = 'other' WHERE id % (${rows} / 13) = 1 AND id < ${rows} / 13 * 13`,
    differences: 13,
  },
  {
    name: 'uuid keys with 3 differences',
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
  ...(rows > 1_000_000 ? [{ ...IDENTICAL, rows: 1_000_000 }] : []),
  { name: '10 rows', rows: 10, key: 'number', spoil: '', differences: 0 },
];

interface Run {
  readonly seconds: number;
  /** Of the process and its children, and of PostgreSQL meanwhile. */
  readonly cpuSeconds: number;
  readonly megabytes: number;
  readonly stdout: string;
}

/** Linux counts CPU time in hundredths of a second, whatever its timer. */
const TICKS = 100;

/** CPU time of a process and the children that it has waited for; 0 once it is gone. */
function cpuOf(pid: number | string | undefined): { readonly seconds: number; readonly parent: number } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { seconds: ticks / TICKS, parent: Number(fields[1]) };
  } catch {
    return { seconds: 0, parent: 0 };
  }
}

function postgresCpu(): number {
  const backends = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(cpuOf)
    .filter(({ parent }) => parent === server.pid);
  return [cpuOf(server.pid), ...backends].reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Runs to the end; CPU time and peak memory are read from /proc, as often as it takes not to miss them. */
async function run(command: string, args: readonly string[], cwd: string): Promise<Run> {
  const startedMs = performance.now();
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, CI: 'true' } });
  const postgresBefore = postgresCpu();
  let [stdout, peakKb, cpuSeconds] = ['', 0, 0];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.resume();
  const watch = setInterval(() => {
    try {
      const [, kb] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      peakKb = Math.max(peakKb, Number(kb ?? 0));
      cpuSeconds = Math.max(cpuSeconds, cpuOf(child.pid).seconds);
    } catch {
      // It has just ended.
    }
  }, 20);
  await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  const seconds = (performance.now() - startedMs) / 1000;
  return { seconds, cpuSeconds: cpuSeconds + postgresCpu() - postgresBefore, megabytes: peakKb / 1024, stdout };
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

/** The least that PostgreSQL can do for this: a hash of each row by its columns' own functions, and the sums by bucket. */
const AGGREGATE = `SELECT count(*), sum(c), sum(s) FROM (
  SELECT b, count(*) AS c, sum(h) AS s FROM (
    SELECT hashint8extended(id, 1) & 4095 AS b,
           hash_record_extended(ROW(id, name, amount, quantity, price, active, code, born, changed), 1) AS h
      FROM t OFFSET 0) AS digests GROUP BY b) AS buckets`;
const PGBENCH_SECONDS = 15;
const PGBENCH_RATE = 100_000;

const peer = reladiff();
const folder = mkdtempSync(join(tmpdir(), 'evpipe-bench-verify-'));
const server = await startPostgres({ dataDir: join(folder, 'pg') });
const urls = { source: server.urlOf('source'), replica: server.urlOf('replica') };
const here = join(folder, 'pipeline');
const evpipe = (...argv: readonly string[]): Promise<Run> =>
  run(
    'node',
    [
      ...[join(repository, 'bin', 'evpipe.js'), 'verify-consistency'],
      ...['--target', 'here', '--output', 'json', ...argv],
    ],
    here,
  );
const reladiffRun = (): Promise<Run> => {
  const [from, to] = [urls.source, urls.replica].map((url) => url.replace(/^postgres:/, 'postgresql:'));
  return run(peer, [from ?? '', 't', to ?? '', 't', '-k', 'id', '-c', '%', '--json'], here);
};

async function prepare(): Promise<void> {
  const admin = await connectPostgres({ url: server.urlOf('postgres') });
  for (const name of ['source', 'replica']) await admin.execute(`CREATE DATABASE ${name}`);
  await admin.close();
  mkdirSync(here);
  writeFileSync(
    join(here, 'evpipe.yaml'),
    `version: 1
name: bench
databases: { source: {}, replica: {} }
targets: { here: { databases: { source: { url: "${urls.source}" }, replica: { url: "${urls.replica}" } } } }
checks:
  t: { source: { database: source, table: t }, replica: { database: replica, table: t }, key: [id], changed: changed, through: [] }
`,
  );
}

async function fill(one: Case): Promise<void> {
  for (const [side, url] of Object.entries(urls)) {
    const client = await connectPostgres({ url });
    const key = one.key === 'uuid' ? 'md5(n::text)::uuid' : 'n';
    await client.execute(`DROP TABLE IF EXISTS t; CREATE TABLE t (${one.key === 'uuid' ? BY_UUID : BY_NUMBER}, ${COLUMNS});
      INSERT INTO t SELECT ${key}, ${VALUES} FROM generate_series(1, ${one.rows}) AS n; ${side === 'replica' ? one.spoil : ''}`);
    await client.execute('VACUUM ANALYZE t');
    await client.close();
  }
}

function requireFound(one: Case, stdout: string): void {
  const report = stdout.split('\n').find((text) => text.includes('"check-report"'));
  const found = report === undefined ? undefined : (JSON.parse(report) as { report: { different: number } }).report;
  if (found?.different !== one.differences)
    throw new Error(`${one.name}: evpipe finds ${found?.different} of ${one.differences} differences: ${stdout}`);
}

async function besidePeer(one: Case): Promise<void> {
  const [ours, theirs]: [Run[], Run[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await evpipe(...(one.argv ?? [])));
    theirs.push(await reladiffRun());
  }
  requireFound(one, ours[0]?.stdout ?? '');
  // It writes a list for each side of a difference, wrapped at 80 columns, and ends with 0 whatever happens.
  const lists = theirs[0]?.stdout.match(/^\["[+-]"/gm)?.length ?? 0;
  if (lists !== 2 * one.differences) throw new Error(`${one.name}: reladiff writes ${lists} rows`);
  const seconds = (runs: readonly Run[]): number => median(runs.map((each) => each.seconds));
  const peak = (runs: readonly Run[]): string => `${Math.max(...runs.map(({ megabytes }) => megabytes)).toFixed(0)} MB`;
  const cpu = (runs: readonly Run[]): number => median(runs.map((each) => each.cpuSeconds));
  const compared = (a: number, b: number): string =>
    `${`${a.toFixed(2)} s`.padStart(9)} ${`${b.toFixed(2)} s`.padStart(9)} ${(a / b).toFixed(2).padStart(7)}`;
  console.log(
    `${`${one.rows} x 9, ${one.name}`.padEnd(34)} ${compared(seconds(ours), seconds(theirs))}   ${compared(cpu(ours), cpu(theirs))}   ${peak(ours)}, ${peak(theirs)}`,
  );
}

async function besideAggregate(one: Case): Promise<void> {
  const aggregate = async (url: string): Promise<void> => {
    const client = await connectPostgres({ url, settings: { max_parallel_workers_per_gather: '0' } });
    await client.execute(AGGREGATE).finally(() => client.close());
  };
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    ours.push((await evpipe()).seconds);
    const startedMs = performance.now();
    await Promise.all(Object.values(urls).map(aggregate));
    bare.push((performance.now() - startedMs) / 1000);
  }
  const [a, b] = [median(ours), median(bare)];
  console.log(
    `${one.rows} x 9: evpipe ${a.toFixed(2)} s, a bare aggregate of both sides ${b.toFixed(2)} s: ${(a / b).toFixed(2)}`,
  );
}

/** Transactions a second of pgbench, alone and while one comparison follows the other. */
async function besidePgbench(): Promise<void> {
  const pgbench = spawnSync('sh', ['-c', 'ls /usr/lib/postgresql/*/bin/pgbench'], { encoding: 'utf8' }).stdout.trim();
  if (pgbench === '') throw new Error('pgbench is missing: it comes with the package postgresql');
  const [program = ''] = pgbench.split('\n');
  await run(program, ['-i', '-q', '-s', '10', urls.source], here);
  const rate = async (): Promise<number> => {
    const { stdout } = await run(program, ['-c', '2', '-T', String(PGBENCH_SECONDS), urls.source], here);
    return Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
  };
  for (const argv of [[], ['--full-speed'], ['--full-speed', '--max-rate', String(PGBENCH_RATE)]]) {
    const alone = await rate();
    let over = false;
    const comparing = (async () => {
      while (!over) await evpipe(...argv);
    })();
    const beside = await rate();
    over = true;
    await comparing;
    console.log(
      `pgbench alone ${alone.toFixed(0)}, beside evpipe ${argv.join(' ')} ${beside.toFixed(0)} transactions/s: ${(beside / alone).toFixed(2)}`,
    );
  }
}

try {
  await prepare();
  console.log(`${rounds} rounds in turns; medians\n`);
  console.log(
    `${'case'.padEnd(34)} ${'evpipe'.padStart(9)} ${'reladiff'.padStart(9)} ${'ratio'.padStart(7)}   ${'CPU'.padStart(9)} ${'CPU'.padStart(9)} ${'ratio'.padStart(7)}   peak memory`,
  );
  for (const one of CASES.filter(({ name }) => isWanted(name))) {
    // The same rows again.
    if (one.argv === undefined || !isWanted(IDENTICAL.name)) await fill(one);
    await besidePeer(one);
    if (one === IDENTICAL && isWanted('aggregate')) await besideAggregate(one);
  }
  for (const size of isWanted('line') ? line : []) {
    await fill({ ...IDENTICAL, rows: size });
    const { seconds, megabytes } = await evpipe();
    console.log(
      `${size} rows: ${seconds.toFixed(2)} s, ${(size / seconds / 1e6).toFixed(2)} M row pairs/s, ${megabytes.toFixed(0)} MB`,
    );
  }
  if (isWanted('pgbench')) {
    await fill(IDENTICAL);
    await besidePgbench();
  }
} finally {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
}
