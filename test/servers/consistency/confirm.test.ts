import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectPostgres, type PostgresClient } from '../../../src/clients/postgres/client.js';
import { type CompareCheck, type ConfirmOptions, confirmCheck } from '../../../src/consistency/confirm.js';
import { repairOf } from '../../../src/consistency/repair.js';
import type { CheckReport } from '../../../src/consistency/report.js';
import type { Side } from '../../../src/consistency/side.js';
import type { Stage, Trouble } from '../../../src/consistency/stages.js';
import type { TableReader } from '../../../src/consistency/table-reader.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { parseLsn } from '../../../src/support/brands.js';
import { waitUntil } from '../../../src/support/retry.js';
import { readerOf, sidesOf } from '../../support/compared-tables.js';

let folder: string;
let server: RunningPostgres;
let source: PostgresClient;
let replica: PostgresClient;
let readers: { readonly source: TableReader; readonly replica: TableReader };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-confirm-'));
  server = await startPostgres({ dataDir: join(folder, 'pg') });
  const admin = await connectPostgres({ url: server.urlOf('postgres') });
  for (const name of ['source', 'replica']) await admin.execute(`CREATE DATABASE ${name}`);
  await admin.close();
  source = await connectPostgres({ url: server.urlOf('source') });
  replica = await connectPostgres({ url: server.urlOf('replica') });
  readers = { source: readerOf(server.urlOf('source')), replica: readerOf(server.urlOf('replica')) };
});

afterAll(async () => {
  await Promise.all([readers?.source.close(), readers?.replica.close()]);
  await source?.close();
  await replica?.close();
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
});

const TABLE = 'CREATE TABLE item (id int, name text, amount numeric(10,2), at timestamptz)';

beforeEach(async () => {
  for (const client of [source, replica]) {
    await client.execute(`DROP TABLE IF EXISTS item CASCADE; ${TABLE};
      INSERT INTO item SELECT n, 'name ' || n, n * 1.5, timestamptz '2026-01-01' + n * interval '1 day' FROM generate_series(1, 50) n`);
  }
});

/** A stage that passes on the attempt that `work` brings about, as a consumer that applies rows would. */
function stage(name: string, work: (attempt: number) => Promise<boolean>, trouble?: Trouble): Stage {
  let attempt = 0;
  return {
    kind: 'group',
    name,
    progress: async () => {
      attempt += 1;
      const reached = await work(attempt);
      return { reached, behind: reached ? 'nothing behind' : '3 records behind', distance: reached ? 0n : 3n };
    },
    outputs: async (fence) => fence,
    trouble: async () => trouble,
  };
}

const passes = stage('consumer', async () => true);

async function check(way: readonly Stage[]): Promise<CompareCheck> {
  return {
    name: 'items',
    ...(await sidesOf({ ...readers, table: 'item', key: ['id'] })),
    way,
    takeFence: async () => ({ fence: { kind: 'wal', database: 'source', lsn: parseLsn('0/1') }, label: 'WAL 0/1' }),
    skipped: [],
    allowEmpty: false,
  };
}

function optionsOf(deadlineMs = 20_000, stalledMs = 20_000): ConfirmOptions {
  const { signal } = new AbortController();
  return {
    deadlineMs,
    stalledMs,
    differencesMax: 1_000,
    signal,
    waitingFor: () => {},
    expect: () => {},
    read: async () => {},
  };
}

async function confirm(way: readonly Stage[], deadlineMs?: number, stalledMs?: number): Promise<CheckReport> {
  return confirmCheck(await check(way), optionsOf(deadlineMs, stalledMs));
}

describe('confirming a comparison', () => {
  it('says consistent without asking any stage where both sides agree', async () => {
    const report = await confirm([stage('never asked', () => Promise.reject(new Error('was asked')))]);
    expect(report).toMatchObject({
      verdict: 'consistent',
      sourceRows: 50,
      replicaRows: 50,
      missing: 0,
      extra: 0,
      different: 0,
    });
  });

  it('counts rows that come between the two passes', async () => {
    await replica.execute('DELETE FROM item WHERE id > 20');
    let late: Promise<void> | undefined;
    const report = await confirmCheck(await check([passes]), {
      ...optionsOf(),
      // The replica is counted by now, and nothing of the differing buckets is read yet.
      read: async (side, pass) => {
        if (side !== 'replica' || pass !== 1) return;
        late ??= replica.execute(
          "INSERT INTO item SELECT n, 'name ' || n, n * 1.5, timestamptz '2026-01-01' + n * interval '1 day' FROM generate_series(21, 50) n",
        );
        await late;
      },
    });
    expect(report).toMatchObject({ verdict: 'consistent', sourceRows: 50, replicaRows: 50 });
  });

  it('names the changed, the deleted and the inserted row of the replica, with column and both values', async () => {
    await replica.execute(
      "UPDATE item SET name = 'spoiled' WHERE id = 7; DELETE FROM item WHERE id = 8; INSERT INTO item VALUES (99, 'rogue', 1, now())",
    );
    const report = await confirm([passes]);
    expect(report).toMatchObject({
      verdict: 'inconsistent',
      missing: 1,
      extra: 1,
      different: 1,
      sourceRows: 50,
      replicaRows: 50,
    });
    const findings = [...report.findings].sort((a, b) => Number(a.key[0]) - Number(b.key[0]));
    expect(findings).toEqual([
      { kind: 'different', key: ['7'], columns: [{ column: 'name', source: 'name 7', replica: 'spoiled' }] },
      { kind: 'missing', key: ['8'], columns: [] },
      { kind: 'extra', key: ['99'], columns: [] },
    ]);
  });

  it('tells NULL from an empty text and from the text <null>, and values swapped between two rows', async () => {
    await source.execute("UPDATE item SET name = NULL WHERE id = 1; UPDATE item SET name = '' WHERE id = 2");
    await replica.execute(`UPDATE item SET name = '<null>' WHERE id = 1; UPDATE item SET name = NULL WHERE id = 2;
      UPDATE item SET amount = CASE id WHEN 3 THEN 6 ELSE 4.5 END WHERE id IN (3, 4)`);
    const report = await confirm([passes]);
    expect(report.findings.map((finding) => finding.key[0]).sort()).toEqual(['1', '2', '3', '4']);
  });

  it('shows both values whole, however long they are', async () => {
    await source.execute("UPDATE item SET name = repeat('a', 100000) WHERE id = 7");
    await replica.execute("UPDATE item SET name = repeat('a', 99999) || 'b' WHERE id = 7");
    const [finding] = (await confirm([passes])).findings;
    const a = 'a'.repeat(99_999);
    expect(finding?.columns).toEqual([{ column: 'name', source: `${a}a`, replica: `${a}b` }]);
  });

  it('finds a row that the replica holds twice', async () => {
    await replica.execute('INSERT INTO item SELECT * FROM item WHERE id = 5');
    const report = await confirm([passes]);
    expect(report.verdict).toBe('inconsistent');
    expect(report.findings).toEqual([{ kind: 'duplicated', key: ['5'], columns: [], rows: { source: 1, replica: 2 } }]);
  });

  it('does not call inconsistent what is in flight: the row arrives before the fence has passed', async () => {
    await source.execute("INSERT INTO item VALUES (60, 'new', 1, '2026-02-01')");
    const report = await confirm([
      stage('slow', async (attempt) => {
        if (attempt === 3) await replica.execute("INSERT INTO item VALUES (60, 'new', 1, '2026-02-01')");
        return false;
      }),
    ]);
    expect(report).toMatchObject({ verdict: 'consistent', replicaRows: 51 });
  });

  it('goes another round for a source row that changed while the fence passed', async () => {
    await replica.execute("UPDATE item SET name = 'old' WHERE id = 9");
    let rounds = 0;
    const report = await confirm([
      stage('consumer', async () => {
        rounds += 1;
        if (rounds === 1) await source.execute("UPDATE item SET name = 'newer' WHERE id = 9");
        return true;
      }),
    ]);
    expect(rounds).toBe(2);
    expect(report.findings).toEqual([
      { kind: 'different', key: ['9'], columns: [{ column: 'name', source: 'newer', replica: 'old' }] },
    ]);
  });

  describe('at a source that keeps no versions of its rows', () => {
    // Whatever view it is, a row that changed and changed back looks like one that was left alone.
    async function viewCheck(way: readonly Stage[], replicaIsVersioned: boolean): Promise<CompareCheck> {
      for (const client of [source, replica])
        await client.execute('DROP VIEW IF EXISTS item_view; CREATE VIEW item_view AS SELECT * FROM item');
      const compared = await check(way);
      const views = await sidesOf({ ...readers, table: 'item_view', key: ['id'] });
      return { ...compared, source: views.source, replica: replicaIsVersioned ? compared.replica : views.replica };
    }

    /** The source goes to and fro, and the replica follows late: at every look they differ, and nothing is lost. */
    const toAndFro = (): Stage =>
      stage('follows late', async () => {
        await source.execute(
          "UPDATE item SET name = 'there' WHERE id = 7; UPDATE item SET name = 'name 7' WHERE id = 7",
        );
        await replica.execute(
          "UPDATE item SET name = 'name 7' WHERE id = 7; UPDATE item SET name = 'there' WHERE id = 7",
        );
        return true;
      });

    it('raises no alarm over a row that changes and changes back while the replica follows', async () => {
      await replica.execute("UPDATE item SET name = 'there' WHERE id = 7");
      const report = await confirmCheck(await viewCheck([toAndFro()], true), optionsOf(1_500));
      expect(report).toMatchObject({ verdict: 'inconclusive', why: '1 row kept changing while they were compared' });
    });

    it('finds what really differs, by the version of the replica or at ten looks, and what is gone there', async () => {
      await replica.execute("UPDATE item SET name = 'there' WHERE id = 7; DELETE FROM item WHERE id = 8");
      for (const replicaIsVersioned of [true, false]) {
        let looks = 0;
        const counting = stage('counting', async () => {
          looks += 1;
          return true;
        });
        const report = await confirmCheck(await viewCheck([counting], replicaIsVersioned), optionsOf());
        expect(report).toMatchObject({ verdict: 'inconsistent', different: 1, missing: 1 });
        expect(looks).toBe(10);
      }
    });

    it('says that more looks are needed where there is no time for them', async () => {
      await replica.execute('DELETE FROM item WHERE id = 8');
      const report = await confirmCheck(await viewCheck([passes], false), optionsOf(1));
      expect(report).toMatchObject({
        verdict: 'inconclusive',
        why: expect.stringContaining(
          '1 row differed at 1 look, but neither side tells a row that was changed and changed back',
        ),
      });
    });
  });

  it('says lagging, never inconsistent, with the stage, its distance and its trouble, when the fence does not pass', async () => {
    await source.execute("INSERT INTO item VALUES (60, 'new', 1, now())");
    const report = await confirm(
      [passes, stage('stopped-consumer', async () => false, { says: 'group has no member' })],
      60_000,
      50,
    );
    expect(report).toMatchObject({
      verdict: 'lagging',
      missing: 1,
      why: 'stopped-consumer is 3 records behind: group has no member',
    });
    expect(report.way).toEqual([
      { kind: 'group', name: 'consumer', passed: true },
      expect.objectContaining({
        name: 'stopped-consumer',
        passed: false,
        behind: '3 records behind',
        trouble: 'group has no member',
      }),
    ]);
  });

  it('waits for a stage whose trouble passes by itself, and names that trouble where it has not passed in time', async () => {
    const row = "INSERT INTO item VALUES (60, 'new', 1, NULL)";
    await source.execute(row);
    const starts = { says: 'its service is starting', passes: true };
    const late = stage(
      'starting-consumer',
      async (attempt) => {
        if (attempt === 9) await replica.execute(row);
        return attempt >= 9;
      },
      starts,
    );
    const held = await confirm([stage('starting-consumer', async () => false, starts)], 300, 1);
    expect(held).toMatchObject({
      verdict: 'lagging',
      why: 'starting-consumer is 3 records behind: its service is starting',
    });
    expect(await confirm([late], 60_000, 1)).toMatchObject({ verdict: 'consistent' });
  });

  it('calls a row stale where its column of changes says that it is older, and volatile what keeps changing', async () => {
    await replica.execute(
      "UPDATE item SET name = 'old', amount = 4.5 WHERE id = 7; UPDATE item SET name = 'odd', amount = 100 WHERE id = 9",
    );
    const { findings, different } = await confirmCheck({ ...(await check([passes])), changed: 'amount' }, optionsOf());
    expect(different).toBe(2);
    expect(findings.map(({ kind, key }) => `${kind} ${key}`).sort()).toEqual(['different 9', 'stale 7']);
    const busy = stage('busy', async () => {
      await source.execute('UPDATE item SET name = name WHERE id IN (7, 9)');
      return true;
    });
    const report = await confirm([busy], 500);
    expect(report).toMatchObject({ verdict: 'inconclusive', why: '2 rows kept changing while they were compared' });
    expect(report.findings.map(({ unproven }) => unproven)).toEqual(['volatile', 'volatile']);
  });

  it('says inconclusive with the reason where no fence can be taken', async () => {
    await replica.execute('DELETE FROM item WHERE id = 1');
    const unfenced = {
      ...(await check([passes])),
      takeFence: () => Promise.reject(new Error('permission denied for function pg_logical_emit_message')),
    };
    const report = await confirmCheck(unfenced, optionsOf(1_000, 1_000));
    expect(report).toMatchObject({ verdict: 'inconclusive', why: expect.stringContaining('permission denied') });
  });

  it('compares in portions what does not fit into one', async () => {
    for (const client of [source, replica]) {
      await client.execute(
        "INSERT INTO item SELECT n, 'x', 1, NULL FROM generate_series(1000, 120000) n; ANALYZE item",
      );
    }
    await replica.execute('DELETE FROM item WHERE id IN (1000, 60000, 120000)');
    const report = await confirm([passes]);
    expect(report).toMatchObject({ sourceRows: 119_051, missing: 3, extra: 0, different: 0 });
  });

  it('holds few rows at once, whatever statistics say, and where pages without rows are followed by full ones', async () => {
    const full = 60_000;
    for (const client of [source, replica]) {
      // Two rows to a page, of which none stays, and then two hundred to a page.
      await client.execute(`ALTER TABLE item SET (autovacuum_enabled = off); ALTER TABLE item ALTER name SET STORAGE PLAIN;
        INSERT INTO item SELECT n, repeat('x', 3000), 1 FROM generate_series(1000, 4000) n;
        DELETE FROM item WHERE id BETWEEN 1000 AND 4000;
        INSERT INTO item (id) SELECT n FROM generate_series(100001, ${full + 100_000}) n`);
      // As a table that was counted long ago, and as one that was counted when it was huge.
      await client.execute(
        `UPDATE pg_class SET reltuples = ${client === source ? 0 : 1e12}, relpages = 1 WHERE relname = 'item'`,
      );
    }
    await replica.execute('UPDATE item SET amount = 1 WHERE id > 100000 AND id % 20 = 0');
    const compared = await check([passes]);
    let most = 0;
    const watched = (side: Side): Side => ({
      ...side,
      async *entries(...given) {
        for await (const block of side.entries(...given)) {
          most = Math.max(most, block.length);
          yield block;
        }
      },
    });
    const report = await confirmCheck(
      { ...compared, source: watched(compared.source), replica: watched(compared.replica) },
      optionsOf(),
    );
    expect(report).toMatchObject({ sourceRows: full + 50, replicaRows: full + 50, different: full / 20 });
    expect(most).toBeLessThanOrEqual(40_000);
  });

  it('reads after an agreement only what changed since, and which keys there are', async () => {
    for (const client of [source, replica])
      await client.execute(
        "ALTER TABLE item ADD PRIMARY KEY (id); INSERT INTO item SELECT n, repeat('x', 40), 1 FROM generate_series(1000, 20000) n",
      );
    const read: string[] = [];
    const watched = (name: string, side: Side): Side => ({
      ...side,
      buckets: (of, scan, from) => {
        read.push(`${name} ${scan.keysOnly === true ? 'keys' : 'rows'}`);
        return side.buckets(of, scan, from);
      },
      entries: (of, buckets, scan) => {
        read.push(`${name} in ${buckets.length}`);
        return side.entries(of, buckets, scan);
      },
    });
    let since: ConfirmOptions['since'];
    const round = async (): Promise<readonly string[]> => {
      read.length = 0;
      const compared = await check([passes]);
      const report = await confirmCheck(
        { ...compared, source: watched('source', compared.source), replica: watched('replica', compared.replica) },
        {
          ...{ ...optionsOf(), since },
          agreed: (moment) => {
            since = moment;
          },
        },
      );
      return [report.verdict, ...report.findings.map(({ kind, key }) => `${kind} ${key}`).sort()];
    };
    expect(await round()).toEqual(['consistent']);
    expect(read.sort()).toEqual(['replica rows', 'source rows']);
    expect(await round()).toEqual(['consistent']);
    expect(read.sort()).toEqual(['replica keys', 'source keys']);

    for (const client of [source, replica]) await client.execute("UPDATE item SET name = 'y' WHERE id = 5000");
    expect(await round()).toEqual(['consistent']);
    expect(read.sort()).toEqual(['replica keys', 'source keys']);

    await source.execute("UPDATE item SET name = 'z' WHERE id = 6000; DELETE FROM item WHERE id = 7000");
    await replica.execute("UPDATE item SET name = 'z' WHERE id = 8000; DELETE FROM item WHERE id = 9000");
    expect(await round()).toEqual([
      ...['inconsistent', 'different 6000', 'different 8000', 'extra 7000', 'missing 9000'],
    ]);
    expect(read.filter((one) => one.endsWith('keys')).length).toBe(2);
    expect(read.filter((one) => one.includes(' in ')).sort()).toEqual(['replica in 2', 'source in 2']);
  });

  it('writes SQL that repairs the replica, that may run twice, and that leaves alone what has changed since', async () => {
    const mood = "DROP TYPE IF EXISTS mood CASCADE; CREATE TYPE mood AS ENUM ('glad', 'so \"so\"')";
    const columns = `a int, b text, n numeric, d double precision, o bool, u uuid, day date, at timestamptz, t timestamp,
      gap interval, j jsonb, raw bytea, tags text[], m mood, PRIMARY KEY (a, b)`;
    const values = (odd: string) => `n, 'it''s ' || chr(92) || n, n * 1.50, n / 7.0, n % 2 = 0, md5(n::text)::uuid,
      date '2026-01-01' + n, timestamptz '2026-01-01 00:00:00.123456+02' + n * interval '1 h', timestamp '2026-01-01',
      n * interval '1 mon 2 d', jsonb_build_object('n', n * 1.10, 'text', '${odd} '), decode(md5(n::text), 'hex'),
      ARRAY['a,b', NULL, '${odd}', 'NULL', ''], CASE WHEN n % 3 = 0 THEN NULL ELSE 'so "so"'::mood END`;
    for (const [client, from, odd] of [
      [source, 1, 'x'],
      [replica, 4, 'y'],
    ] as const)
      await client.execute(`${mood}; DROP TABLE IF EXISTS "Odd ""name"; CREATE TABLE "Odd ""name" (${columns});
        INSERT INTO "Odd ""name" SELECT ${values(odd)} FROM generate_series(${from}, ${from + 5}) n`);
    await source.execute(`UPDATE "Odd ""name" SET n = 'NaN', d = 'Infinity', tags = NULL, raw = '' WHERE a = 5`);
    const compared: CompareCheck = {
      ...(await check([passes])),
      ...(await sidesOf({ ...readers, table: 'Odd "name', key: ['a', 'b'] })),
    };
    const { signal } = new AbortController();
    const report = await confirmCheck(compared, optionsOf());
    expect(report).toMatchObject({ missing: 3, extra: 3, different: 3 });
    let sql = '';
    for await (const piece of repairOf(compared, report, { signal })) sql += piece;

    await replica.execute(`UPDATE "Odd ""name" SET n = 42 WHERE a IN (4, 7)`);
    await replica.execute(sql);
    expect((await confirmCheck(compared, optionsOf())).findings.map(({ kind, key }) => `${kind} ${key[0]}`)).toEqual([
      'different 4',
      'extra 7',
    ]);
    await replica.execute(`UPDATE "Odd ""name" SET n = a * 1.50 WHERE a IN (4, 7)`);
    for (let round = 0; round < 2; round += 1) {
      await replica.execute(sql);
      expect((await confirmCheck(compared, optionsOf())).verdict).toBe('consistent');
    }
  });

  it('ends the repair where the time that was given is over, with what is whole by then', async () => {
    await replica.execute("UPDATE item SET name = 'x' WHERE id <= 45");
    const compared = await check([passes]);
    const report = await confirmCheck(compared, optionsOf());
    const { signal } = new AbortController();
    const read = async (endMs: number, replicaSide = compared.replica): Promise<string> => {
      let sql = '';
      for await (const piece of repairOf({ ...compared, replica: replicaSide }, report, { signal, endMs }))
        sql += piece;
      return sql;
    };
    const updates = (sql: string): number => sql.match(/^UPDATE/gm)?.length ?? 0;
    let blocks = 0;
    const silent = {
      ...compared.replica,
      // The third block is never answered.
      rowsOf: (...given: Parameters<typeof compared.replica.rowsOf>) => {
        blocks += 1;
        return blocks < 3 ? compared.replica.rowsOf(...given) : new Promise<never>(() => {});
      },
    };
    const partly = await read(performance.now() + 2_000, silent);
    expect(partly).toMatch(/COMMIT;\n-- --timeout ran out: 5 more keys differ, and are not repaired here\n$/);
    expect(updates(partly)).toBe(40);
    await replica.execute(partly);
    expect((await confirmCheck(compared, optionsOf())).different).toBe(5);
    expect(updates(await read(performance.now() - 1))).toBe(0);
  });

  it('compares only the keys that are wanted, and follows those that differ', async () => {
    await replica.execute("UPDATE item SET name = 'x' WHERE id IN (1, 2); DELETE FROM item WHERE id = 3");
    const only = async (...ids: readonly string[]) =>
      confirmCheck({ ...(await check([passes])), keys: ids.map((id) => [id]) }, optionsOf());
    expect(await only('4', '5', '4')).toMatchObject({ verdict: 'consistent', sourceRows: 2, replicaRows: 2 });
    expect(await only('1', '3', '4', '999')).toMatchObject({
      ...{ verdict: 'inconsistent', different: 1, missing: 1, sourceRows: 3, replicaRows: 2 },
    });
    expect(await only('999')).toMatchObject({ verdict: 'empty' });
  });

  it('leaves no statement running on the server when it is cancelled', async () => {
    const running = async (): Promise<number> => {
      const [row] = await source.queryText(
        "SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'BEGIN%SELECT pg_sleep(600)%'",
      );
      return Number(row?.[0]);
    };
    const abort = new AbortController();
    const read = readers.source.read('SELECT pg_sleep(600)', [], { signal: abort.signal });
    const deadline = { timeoutMs: 30_000 };
    await waitUntil('the statement to run', async () => ((await running()) === 1 ? true : undefined), deadline);
    abort.abort(new Error('cancelled'));
    await expect(read).rejects.toThrow('cancelled');
    await waitUntil('the statement to end', async () => ((await running()) === 0 ? true : undefined), deadline);
  });
});
