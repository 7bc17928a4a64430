import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectPostgres, type PostgresClient } from '../../../src/clients/postgres/client.js';
import type { CheckReport } from '../../../src/consistency/report.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { waitUntil } from '../../../src/support/retry.js';
import { type Ran, runIn, runUntil } from '../../support/command-line.js';
import { EVPIPE } from '../../support/evpipe.js';

/** Two databases by address, and nothing else: no Kafka, no connector. */
let folder: string;
let server: RunningPostgres;
let source: PostgresClient;
let replica: PostgresClient;

const ROWS = 40_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-verify-'));
  server = await startPostgres({ dataDir: join(folder, 'pg') });
  const admin = await connectPostgres({ url: server.url });
  await admin.execute(`CREATE ROLE reader LOGIN PASSWORD 'reader'`);
  for (const name of ['source', 'replica']) await admin.execute(`CREATE DATABASE ${name}`);
  await admin.close();
  source = await connectPostgres({ url: server.urlOf('source') });
  replica = await connectPostgres({ url: server.urlOf('replica') });
  writePipeline();
});

afterAll(async () => {
  await source?.close();
  await replica?.close();
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
});

function writePipeline(columns = '', changed = 'changed: changed', more = ''): void {
  const url = (name: string): string => server.urlOf(name).replace(/postgres:[^/@]*@/, 'reader:reader@');
  writeFileSync(
    join(folder, 'evpipe.yaml'),
    `version: 1
name: tables
databases: { source: {}, replica: {} }
targets: { here: { databases: { source: { url: "${url('source')}" }, replica: { url: "${url('replica')}" } } } }
checks:
  items:
    source: { database: source, table: item }
    replica: { database: replica, table: item }
    key: [id]
    ${changed}
    through: []
    ${columns}
${more}`,
  );
}

beforeEach(async () => {
  writePipeline();
  // Few rows to a page, so that few rows make many parts.
  for (const client of [source, replica])
    await client.execute(`DROP TABLE IF EXISTS item;
      CREATE TABLE item (id int PRIMARY KEY, name text, changed timestamptz DEFAULT '2026-01-01') WITH (fillfactor = 10);
      INSERT INTO item SELECT n, 'name ' || n FROM generate_series(1, 20) n; GRANT SELECT ON item TO reader; ANALYZE item`);
});

const verify = (...argv: string[]): Promise<Ran> =>
  runIn(folder, process.env, 'verify-consistency', ...argv, '--target', 'here');

describe('a run that is stopped while it reads', () => {
  const checkpoint = (): string => join(folder, '.evpipe', 'tables', 'checkpoints', 'items.json');

  beforeEach(async () => {
    for (const client of [source, replica])
      await client.execute(`INSERT INTO item SELECT n, 'name ' || n FROM generate_series(21, ${ROWS}) n; ANALYZE item`);
  });

  async function stopHalfway(): Promise<void> {
    const interrupted = new AbortController();
    const argv = ['verify-consistency', '--max-rate', '9000', '--target', 'here'];
    const run = runUntil(interrupted.signal, folder, process.env, ...argv);
    await waitUntil('a checkpoint', async () => (existsSync(checkpoint()) ? true : undefined), { timeoutMs: 30_000 });
    interrupted.abort(new Error('interrupted'));
    await run;
  }

  /** What nothing in the process can answer. */
  async function killHalfway(): Promise<void> {
    const argv = [EVPIPE, 'verify-consistency', '--max-rate', '9000', '--target', 'here'];
    const child = spawn(process.execPath, argv, { cwd: folder, stdio: 'ignore' });
    const ended = once(child, 'exit');
    await waitUntil('a checkpoint', async () => (existsSync(checkpoint()) ? true : undefined), { timeoutMs: 60_000 });
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
  }

  it('is resumed after it was killed outright, and leaves no connection behind', async () => {
    await killHalfway();
    await source.execute('DELETE FROM item WHERE id = 9');
    const { out, err, code } = await verify('--resume');
    expect(err).toMatch(/check items: resumes the run of \S+ after [1-9][\d,]* rows/);
    expect(out).toMatch(/extra +9\b/);
    expect(out).toContain('1 of 40,000 rows');
    expect(code).toBe(1);
    await waitUntil(
      'no connection of the killed run',
      async () => {
        const [row] = await source.queryText("SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'reader'");
        return row?.[0] === '0' || undefined;
      },
      { timeoutMs: 30_000 },
    );
  });

  it('is resumed where it had come to, and sees what was written meanwhile to rows that it had read', async () => {
    await stopHalfway();
    await replica.execute(`UPDATE item SET name = 'spoiled' WHERE id = 7`);
    const { out, err, code } = await verify('--resume');
    expect(err).toMatch(/check items: resumes the run of \S+ after [1-9][\d,]* rows/);
    expect(out).toMatch(/different +7 +name {2}source name 7 {2}replica spoiled/);
    expect(code).toBe(1);
    expect(existsSync(checkpoint())).toBe(false);
  });

  it('is not resumed once the check or the table is another one', async () => {
    await stopHalfway();
    const left = readFileSync(checkpoint());
    writePipeline('columns: [name]');
    const other = await verify('--resume');
    expect(other.err).toMatch(/can't be resumed, because what is compared has changed since/);
    writePipeline();
    writeFileSync(checkpoint(), left);
    await replica.execute('VACUUM FULL item');
    const { out, err, code } = await verify('--resume');
    expect(err).toMatch(/can't be resumed, because what is compared has changed since; all is read/);
    expect(out).toContain('consistent: 40,000 rows');
    expect(code).toBe(0);
  });

  it('says that there is none where none was stopped', async () => {
    expect((await verify('--resume')).err).toContain('check items: no stopped run to resume, so all is read');
  });
});

describe('a part of the rows', () => {
  it('is what changed since, on either side, and never all of them', async () => {
    await source.execute(`UPDATE item SET name = 'newer', changed = now() WHERE id = 3`);
    await replica.execute(`UPDATE item SET name = 'old and unseen' WHERE id = 4`);
    const recent = await verify('--since', '1h');
    expect(recent.out).toMatch(/stale +3 /);
    expect(recent.out).toMatch(/inconsistent in rows with changed from \S+ on: 1 of 1 row /);
    expect(recent.code).toBe(1);
    await replica.execute(`UPDATE item SET name = 'newer', changed = (SELECT now()) WHERE id = 3`);
    await source.execute(`UPDATE item SET changed = '2026-01-01' WHERE id = 3`);
    await replica.execute(`UPDATE item SET changed = '2026-01-01' WHERE id = 3`);
    const nothing = await verify('--since', '1h');
    expect(nothing.out).toMatch(/consistent in rows with changed from \S+ on: 0 rows/);
    expect(nothing.err).toContain('1 consistent in part');
    const all = await verify('--since', '2025-12-31');
    expect(all.out).toMatch(/different +4 /);
    expect(all.out).toContain('1 of 20 rows');
  });

  it('is what was committed since, where the file names no column that tells', async () => {
    writePipeline('', '');
    const [now] = await source.queryText('SELECT clock_timestamp()::text');
    const since = now?.[0] ?? '';
    await source.execute("UPDATE item SET name = 'newer' WHERE id = 3");
    await replica.execute("UPDATE item SET name = 'unseen' WHERE id = 4");
    const { out } = await verify('--since', since);
    expect(out).toMatch(/different +3 /);
    expect(out).toMatch(/different +4 /);
    expect(out).toMatch(/inconsistent in rows committed from .* on: 2 of 2 rows /);
  });

  it('sees a row of the source that has left the filter', async () => {
    await source.execute(`UPDATE item SET name = 'gone', changed = now() WHERE id = 5`);
    const { out, code } = await verify('--since', '1h', '--where', "name <> 'gone'");
    expect(out).toMatch(/extra +5/);
    expect(code).toBe(1);
  });

  it('is read by its hashes where nearly all rows changed, and finds what the other side or the filter hides', async () => {
    for (const client of [source, replica])
      await client.execute(`INSERT INTO item SELECT n, 'name ' || n FROM generate_series(21, ${ROWS}) n;
        UPDATE item SET changed = '2026-06-01' WHERE id > 10; ANALYZE item`);
    await source.execute(`UPDATE item SET name = 'newer', changed = '2026-06-02' WHERE id = 3;
      UPDATE item SET name = 'gone', changed = '2026-06-02' WHERE id = 5; UPDATE item SET name = 'gone' WHERE id = 11;
      UPDATE item SET name = 'unseen' WHERE id = 6`);
    await replica.execute(`UPDATE item SET name = 'gone too, but not here' WHERE id = 12;
      UPDATE item SET name = 'gone' WHERE id = 11; DELETE FROM item WHERE id = 13`);
    const { out, code } = await verify('--since', '2026-05-01', '--where', "name <> 'gone'");
    expect(out).toMatch(/stale +3 /);
    expect(out).toMatch(/extra +5\b/);
    expect(out).toMatch(/different +12 /);
    expect(out).toMatch(/missing +13\b/);
    // 39,990 changed, one of them has left the filter on both sides; 3 and 5 are beside them, 5 only in the replica.
    expect(out).toContain('4 of 39,991 rows');
    expect(code).toBe(1);
  });

  it('is refused where the column cannot have the value, or where two parts are asked for', async () => {
    const { out, code } = await verify('--since', 'yesterdayish');
    expect(out).toMatch(/✗ refused[\s\S]*--since yesterdayish: .*invalid input syntax for type timestamp/);
    expect(code).toBe(2);
    const both = await verify('--since', '1h', '--resume');
    expect(both.err).toContain('--since and --resume cannot be combined');
    expect(both.code).toBe(2);
  });
});

it('refuses a check that cannot compare, with the place and the line to write, and runs the others', async () => {
  const sides = 'source: { database: source, table: item }, key: [id], through: []';
  writePipeline(
    '',
    '',
    `  gone: { ${sides}, replica: { database: replica, table: nothing } }
  unlike: { ${sides}, replica: { database: replica, table: item }, columns: { name: { from: id, tolerance: 1 } } }
`,
  );
  await replica.execute(`UPDATE item SET name = 'spoiled' WHERE id = 7`);
  const files = ['junit', 'markdown', 'html'].map((name) => join(folder, `report.${name}`));
  const argv = files.flatMap((file) => [`--${file.split('.').at(-1)}`, file]);
  const { out, code } = await verify('--output', 'json', ...argv);
  expect(code, 'usage beats what is inconsistent').toBe(2);
  const reports = out
    .split('\n')
    .filter((line) => line.includes('"kind":"check-report"'))
    .map((line) => (JSON.parse(line) as { report: CheckReport }).report);
  const facts = reports
    .map(({ check, verdict, why, todo, location }) => ({ check, verdict, why, todo, line: location?.line }))
    .sort((a, b) => a.check.localeCompare(b.check));
  const pair = 'tolerance is for numbers, and this compares integer with text';
  expect(facts).toEqual([
    {
      ...{ check: 'gone', verdict: 'refused', line: 13, todo: undefined },
      why: 'table nothing does not exist in database replica',
    },
    { check: 'items', verdict: 'inconsistent', why: undefined, todo: undefined, line: undefined },
    {
      ...{ check: 'unlike', verdict: 'refused', line: 14, todo: 'Leave out tolerance.' },
      why: `can't compare name: ${pair}`,
    },
  ]);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    expect(text, file).toContain(pair);
    expect(text, file).toContain('Leave out tolerance.');
  }
});

describe('SQL that cannot run', () => {
  const check = (name: string, sides: { source?: string; replica?: string; columns?: string }): string =>
    `  ${name}:
    source: { database: source, table: item${sides.source ?? ''} }
    replica: { database: replica, table: item${sides.replica ?? ''} }
    key: [id]
    columns: ${sides.columns ?? '[name]'}
    through: []
`;

  it('refuses its check with the line it stands in and what PostgreSQL says, also of a value in some row', async () => {
    const more = [
      check('condition', { replica: ', where: nothing > 1' }),
      check('number', { source: ', deleted: id' }),
      check('several', { source: ', where: "true; delete from item"' }),
      check('row', { source: ', where: 1 / (id - 7) < 9' }),
      check('expression', { columns: '{ name: "left(name)" }' }),
      check('value', { columns: '{ id: id, name: "(20 / (id - 7))::text" }' }),
      '  violations: { database: replica, rows: "select missing from item" }\n',
    ];
    writePipeline('', '', more.join(''));
    const xml = join(folder, 'refused.xml');
    const { out, code } = await verify('--output', 'json', '--junit', xml);
    expect(code).toBe(2);
    const found = Object.fromEntries(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { kind: string; report: CheckReport })
        .filter(({ kind }) => kind === 'check-report')
        .map(({ report }) => [report.check, report]),
    );
    const refused = (why: string, line: number) => ({
      ...{ verdict: 'refused', why: expect.stringContaining(why), todo: expect.anything() },
      location: expect.objectContaining({ line }),
    });
    expect(found).toMatchObject({
      items: { verdict: 'consistent' },
      condition: refused('where (nothing > 1) cannot run over table item: ', 15),
      number: refused('argument of WHERE must be type boolean, not type integer', 20),
      several: refused('its SQL continues after a semicolon: delete from item', 26),
      row: refused('its SQL cannot run: ', 32),
      expression: refused('function left(text) does not exist', 41),
      value: refused('division by zero', 47),
      violations: refused('column "missing" does not exist', 49),
    });
    expect(readFileSync(xml, 'utf8').match(/type="refused"/g)).toHaveLength(7);
  });

  it('refuses what --where says in the same way, and leaves a lack of rights undecided', async () => {
    const wrong = await verify('--where', 'nothing > 1');
    expect(wrong.out).toContain('column "nothing" does not exist');
    expect(wrong.code).toBe(2);
    await replica.execute('REVOKE SELECT ON item FROM reader');
    const { out, code } = await verify('--where', 'id > 1');
    expect(out).toContain('? inconclusive');
    expect(out).toContain('permission denied');
    expect(code).toBe(5);
  });
});

describe('what proves less than it seems to', () => {
  it('is inconclusive where row-level security hides rows from the role', async () => {
    await replica.execute(`ALTER TABLE item ENABLE ROW LEVEL SECURITY;
      CREATE POLICY few ON item FOR SELECT TO reader USING (id < 10)`);
    const { out, code } = await verify();
    expect(out).toContain('? inconclusive');
    expect(out).toContain('row-level security');
    expect(code).toBe(5);
  });

  it('says so where no column but the key is on both sides', async () => {
    await replica.execute('ALTER TABLE item DROP COLUMN name, DROP COLUMN changed');
    const { out, code } = await verify();
    expect(out).toContain('consistent, keys only: 20 rows');
    expect(code).toBe(0);
  });

  it('is empty where neither side has a row', async () => {
    for (const client of [source, replica]) await client.execute('DELETE FROM item');
    const { out, code } = await verify();
    expect(out).toContain('both sides are empty, which proves nothing');
    expect(code).toBe(5);
  });
});

describe('a comparison that goes on', () => {
  it('says what has changed in later rounds, in metrics and in a history too, until it is interrupted', async () => {
    const [metrics, history] = [join(folder, 'checks.prom'), join(folder, 'history.jsonl')];
    const interrupted = new AbortController();
    const files = ['--metrics', metrics, '--history', history];
    const argv = ['verify-consistency', '--target', 'here', '--watch', '1s', ...files];
    const run = runUntil(interrupted.signal, folder, process.env, ...argv);
    const untilIn = (file: string, text: string): Promise<true> =>
      waitUntil(
        `${text} in ${file}`,
        async () => (existsSync(file) && readFileSync(file, 'utf8').includes(text)) || undefined,
        {
          timeoutMs: 30_000,
        },
      );
    await untilIn(metrics, 'verdict="consistent"} 1');
    await replica.execute(`UPDATE item SET name = 'spoiled' WHERE id = 7`);
    await untilIn(metrics, 'verdict="inconsistent"} 1');
    await replica.execute(`UPDATE item SET name = 'name 7' WHERE id = 7`);
    await untilIn(history, '"before":"inconsistent"');
    interrupted.abort(new Error('interrupted'));
    const { out } = await run;
    expect(out.match(/items: \w+ → \w+/g)).toEqual([
      'items: consistent → inconsistent',
      'items: inconsistent → consistent',
    ]);
    const verdicts = readFileSync(history, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { verdict: string }).verdict);
    expect(verdicts).toEqual(['consistent', 'inconsistent', 'consistent']);
  });

  it('goes on after a refusal, since a migration may make what is missing', async () => {
    await replica.execute('ALTER TABLE item RENAME TO later');
    const history = join(folder, 'refused.jsonl');
    const interrupted = new AbortController();
    const argv = ['verify-consistency', '--target', 'here', '--watch', '1s', '--history', history];
    const run = runUntil(interrupted.signal, folder, process.env, ...argv);
    const untilIn = (text: string): Promise<true> =>
      waitUntil(text, async () => (existsSync(history) && readFileSync(history, 'utf8').includes(text)) || undefined, {
        timeoutMs: 30_000,
      });
    await untilIn('"verdict":"refused"');
    await replica.execute('ALTER TABLE later RENAME TO item');
    await untilIn('"before":"refused"');
    interrupted.abort(new Error('interrupted'));
    expect((await run).out).toContain('items: refused → consistent');
  });

  it('refuses an interval that is none', async () => {
    const { err, code } = await verify('--watch=soon');
    expect(err).toContain('--watch soon is not a duration of at least 1s');
    expect(code).toBe(2);
  });
});
