import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KafkaClient } from '../../src/clients/kafka/contract.js';
import { connectPostgres, type PostgresClient } from '../../src/clients/postgres/client.js';
import { type CompareCheck, confirmCheck } from '../../src/consistency/confirm.js';
import { connectorStage, type SnapshotState, type Stage } from '../../src/consistency/stages.js';
import { startPostgres } from '../../src/embedded/postgres/server.js';
import { formatLsn, type Lsn, parseLsn } from '../../src/support/brands.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { pause } from '../../src/support/retry.js';
import { readerOf, sidesOf } from './compared-tables.js';
import { seeded, shuffled } from './seeded.js';

/** Rows that writers change; those above are only ever changed by a planted error. */
const HOT_ROWS = 50_000;
const COLD_ROWS = 1_000;
const SLOT = 'lagging';
const PER_STATEMENT = 60;
/** A consumer that is killed delivers again what it has applied since. */
const COMMIT_EVERY_MS = 500;
const BATCH = 5_000;

export interface LoadOptions {
  readonly seed: number;
  readonly forMs: number;
  readonly perSecond: number;
  /** From the commit at the source to the replica. */
  readonly lagMs: number;
}

export interface LoadResult {
  readonly transactionsPerSecond: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly newSlots: number;
  readonly planted: number;
  /** How long each check took that had an error to find. */
  readonly foundAfterMs: readonly number[];
  /** Checks that did not say exactly what was planted. */
  readonly wrong: readonly string[];
}

interface Change {
  /** Undefined: everything goes, as a snapshot is about to bring it anew. */
  readonly id: number | undefined;
  /** Undefined: deleted. */
  readonly value: number | undefined;
  readonly atMs: number;
}

/**
 * Compares a table again and again with its replica while writers change it. Between them is a connector on a real slot,
 * which is dropped and made anew with a snapshot, and a consumer that lags, reorders keys, is killed and delivers again.
 */
export async function verifyLaggingReplica(options: LoadOptions): Promise<LoadResult> {
  const lifetime = new Lifetime();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'evpipe-lagging-'));
    lifetime.onEnd(() => rm(folder, { recursive: true, force: true }));
    const server = await startPostgres({ dataDir: join(folder, 'pg') });
    lifetime.onEnd(() => server.remove());
    const open = async (name: string): Promise<PostgresClient> => {
      const client = await connectPostgres({ url: server.urlOf(name), settings: { synchronous_commit: 'off' } });
      lifetime.onEnd(() => client.close());
      return client;
    };
    const admin = await open('postgres');
    for (const name of ['source', 'replica']) {
      await admin.execute(`CREATE DATABASE ${name}`);
      const client = await open(name);
      await client.execute(
        `CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT n, 0 FROM generate_series(1, ${HOT_ROWS + COLD_ROWS}) n; ANALYZE t`,
      );
    }
    const pipe = new Pipe(await open('source'), await open('replica'), options);
    await pipe.createSlot();
    const workers = new AbortController();
    const working = Promise.all([
      pipe.stream(workers.signal),
      pipe.consume(workers.signal),
      ...[1, 2].map(async (writer) => write(await open('source'), writer, options, pipe, workers.signal)),
    ]);
    working.catch(() => {});
    const readers = { source: readerOf(server.urlOf('source')), replica: readerOf(server.urlOf('replica')) };
    lifetime.onEnd(() => readers.source.close());
    lifetime.onEnd(() => readers.replica.close());
    const startedMs = performance.now();
    const sides = await sidesOf({ ...readers, table: 't', key: ['id'] });
    const judged = await judge(options, pipe, sides, await open('replica'), await open('source'));
    const seconds = (performance.now() - startedMs) / 1000;
    workers.abort();
    await working;
    const { kills, newSlots } = pipe;
    return { transactionsPerSecond: pipe.written / seconds, kills, newSlots, ...judged };
  } finally {
    await lifetime.end();
  }
}

async function judge(
  options: LoadOptions,
  pipe: Pipe,
  sides: Awaited<ReturnType<typeof sidesOf>>,
  replica: PostgresClient,
  source: PostgresClient,
): Promise<Pick<LoadResult, 'verdicts' | 'planted' | 'foundAfterMs' | 'wrong'>> {
  const random = seeded(options.seed);
  const verdicts: Record<string, number> = {};
  const wrong: string[] = [];
  const foundAfterMs: number[] = [];
  const startedMs = performance.now();
  for (let round = 0; performance.now() - startedMs < options.forMs || round < 3; round += 1) {
    const plants = round % 2 === 1;
    const planted = plants ? await plant(replica, random) : undefined;
    // A snapshot would bring the right row.
    if (!plants && round > 0) pipe.renewSlot();
    const report = await confirmCheck(await checkOf(pipe, sides, source), {
      ...{ deadlineMs: 120_000, stalledMs: 120_000, differencesMax: 1_000, signal: new AbortController().signal },
      ...{ waitingFor: () => {}, expect: () => {}, read: async () => {} },
    });
    verdicts[report.verdict] = (verdicts[report.verdict] ?? 0) + 1;
    const found = report.findings.map(({ kind, key }) => `${kind} ${key.join()}`).join();
    const isWrong = planted === undefined ? report.verdict === 'inconsistent' : found !== planted.finding;
    if (isWrong)
      wrong.push(`round ${round}: planted ${planted?.finding}, ${report.verdict} ${report.why ?? ''} ${found}`);
    if (planted === undefined) continue;
    foundAfterMs.push(report.elapsedMs);
    await replica.execute(planted.repair);
  }
  return { verdicts, wrong, foundAfterMs, planted: foundAfterMs.length };
}

async function plant(replica: PostgresClient, random: () => number): Promise<{ finding: string; repair: string }> {
  const id = HOT_ROWS + 1 + Math.floor(random() * COLD_ROWS);
  const dice = Math.floor(random() * 3);
  if (dice === 0) {
    await replica.execute(`UPDATE t SET v = -1 WHERE id = ${id}`);
    return { finding: `different ${id}`, repair: `UPDATE t SET v = 0 WHERE id = ${id}` };
  }
  if (dice === 1) {
    await replica.execute(`DELETE FROM t WHERE id = ${id}`);
    return { finding: `missing ${id}`, repair: `INSERT INTO t VALUES (${id}, 0)` };
  }
  await replica.execute(`INSERT INTO t VALUES (${id + COLD_ROWS}, 7)`);
  return { finding: `extra ${id + COLD_ROWS}`, repair: `DELETE FROM t WHERE id = ${id + COLD_ROWS}` };
}

async function checkOf(
  pipe: Pipe,
  sides: Awaited<ReturnType<typeof sidesOf>>,
  source: PostgresClient,
): Promise<CompareCheck> {
  const way = await pipe.way(source);
  return {
    ...{ name: 't', ...sides, way, skipped: [], allowEmpty: false },
    takeFence: async () => {
      const lsn = await emitFence(source);
      return { fence: { kind: 'wal', database: 'source', lsn }, label: formatLsn(lsn) };
    },
  };
}

async function emitFence(source: PostgresClient): Promise<Lsn> {
  const [row] = await source.queryText("SELECT pg_logical_emit_message(true, 'evpipe', 'fence')::text");
  return parseLsn(row?.[0] ?? '');
}

/** Single-row transactions, so many a second. */
async function write(
  client: PostgresClient,
  writer: number,
  options: LoadOptions,
  pipe: Pipe,
  signal: AbortSignal,
): Promise<void> {
  await client.execute(`SELECT setseed(${1 / (options.seed + writer)})`);
  const startedMs = performance.now();
  for (let statements = 1; !signal.aborted; statements += 1) {
    await client.execute(`DO $$ DECLARE n int; BEGIN FOR i IN 1..${PER_STATEMENT} LOOP
      n := 1 + floor(random() * ${HOT_ROWS});
      IF random() < 0.1 THEN DELETE FROM t WHERE id = n;
      ELSE INSERT INTO t VALUES (n, 1) ON CONFLICT (id) DO UPDATE SET v = t.v + 1;
      END IF; COMMIT; END LOOP; END $$`);
    pipe.written += PER_STATEMENT;
    const dueMs = (statements * PER_STATEMENT * 2_000) / options.perSecond - (performance.now() - startedMs);
    if (dueMs > 1) await pause(dueMs);
  }
}

class Pipe {
  written = 0;
  kills = 0;
  newSlots = 0;
  private readonly log: Change[] = [];
  private applied = 0;
  private committed = 0;
  private state: SnapshotState = 'done';
  private wantsNewSlot = false;
  private readonly random: () => number;

  constructor(
    private readonly source: PostgresClient,
    private readonly replica: PostgresClient,
    private readonly options: LoadOptions,
  ) {
    this.random = seeded(options.seed + 1);
  }

  async createSlot(): Promise<void> {
    await this.source.queryText(`SELECT pg_create_logical_replication_slot('${SLOT}', 'test_decoding')`);
  }

  renewSlot(): void {
    this.wantsNewSlot = true;
  }

  /** As the stages of a real pipeline: what is behind the connector is a log with one reader. */
  async way(client: PostgresClient): Promise<readonly Stage[]> {
    const confirmedLsn = async (): Promise<Lsn | undefined> => {
      const [row] = await client.queryText(
        `SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = '${SLOT}'`,
      );
      return row?.[0] == null ? undefined : parseLsn(row[0]);
    };
    const probe = {
      ...{ name: 'connector', confirmedLsn, takeFence: () => emitFence(client) },
      ...{ snapshot: async () => this.state, topics: async () => [], trouble: async () => undefined },
    };
    const connector: Stage = {
      ...connectorStage(probe, {} as KafkaClient, await confirmedLsn()),
      outputs: async () => ({
        kind: 'offsets',
        positions: [{ topic: 't', partition: 0, offset: BigInt(this.log.length) }],
      }),
    };
    const consumer: Stage = {
      ...{ kind: 'group', name: 'consumer', outputs: async () => undefined, trouble: async () => undefined },
      progress: async (input) => {
        const end = input.kind === 'offsets' ? (input.positions[0]?.offset ?? 0n) : 0n;
        const distance = end - BigInt(this.committed);
        return { reached: distance <= 0n, behind: `${distance} records behind`, distance };
      },
    };
    return [connector, consumer];
  }

  /** The connector: what the slot yields goes to the log, and then only the slot moves. */
  async stream(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.wantsNewSlot) await this.snapshot();
      const rows = await this.source.queryText(
        `SELECT data FROM pg_logical_slot_get_changes('${SLOT}', NULL, 5000, 'include-xids', '0', 'skip-empty-xacts', '1')`,
      );
      for (const [data] of rows) this.append(data ?? '');
      if (rows.length === 0) await pause(50);
    }
  }

  private append(data: string): void {
    const [, operation, id, value] =
      /^table public\.t: (INSERT|UPDATE|DELETE): id\[integer\]:(\d+)(?: v\[integer\]:(-?\d+))?/.exec(data) ?? [];
    if (id === undefined) return;
    const isGone = operation === 'DELETE';
    this.log.push({ id: Number(id), value: isGone ? undefined : Number(value), atMs: performance.now() });
  }

  private async snapshot(): Promise<void> {
    this.wantsNewSlot = false;
    this.state = 'pending';
    await this.source.queryText(`SELECT pg_drop_replication_slot('${SLOT}')`);
    await pause(this.random() * 500);
    await this.createSlot();
    this.state = 'running';
    this.log.push({ id: undefined, value: undefined, atMs: performance.now() });
    for (const [id, value] of await this.source.queryText('SELECT id::text, v::text FROM t')) {
      this.log.push({ id: Number(id), value: Number(value), atMs: performance.now() });
    }
    await pause(this.random() * 500);
    this.state = 'done';
    this.newSlots += 1;
  }

  /** The consumer: later by the lag, keys of a batch in any order, killed now and then. */
  async consume(signal: AbortSignal): Promise<void> {
    let committedMs = performance.now();
    while (!signal.aborted) {
      const due = performance.now() - this.options.lagMs;
      const batch = this.log.slice(this.applied, this.applied + BATCH).filter(({ atMs }) => atMs <= due);
      const everything = batch.findIndex(({ id }) => id === undefined);
      if (everything === 0) await this.replica.execute('TRUNCATE t');
      const some = everything === 0 ? batch.slice(0, 1) : batch.slice(0, everything < 0 ? batch.length : everything);
      await this.apply(some);
      this.applied += some.length;
      if (this.random() < 0.01) {
        this.kills += 1;
        this.applied = this.committed;
        await pause(this.random() * 1_000);
      } else if (performance.now() - committedMs > COMMIT_EVERY_MS) {
        this.committed = this.applied;
        committedMs = performance.now();
      }
      if (some.length === 0) await pause(50);
    }
  }

  private async apply(batch: readonly Change[]): Promise<void> {
    const last = new Map(batch.flatMap((change) => (change.id === undefined ? [] : [[change.id, change]])));
    const changes = shuffled([...last.values()], this.random);
    if (changes.length === 0) return;
    const gone = changes.flatMap(({ id, value }) => (value === undefined ? [id] : []));
    const there = changes.filter(({ value }) => value !== undefined);
    await this.replica.queryText('DELETE FROM t WHERE id = ANY ($1::int[])', [gone]);
    await this.replica.queryText(
      'INSERT INTO t SELECT * FROM unnest($1::int[], $2::int[]) ON CONFLICT (id) DO UPDATE SET v = excluded.v',
      [there.map(({ id }) => id), there.map(({ value }) => value)],
    );
  }
}
