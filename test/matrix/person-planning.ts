import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres, type PostgresClient } from '../../src/clients/postgres/client.js';
import { type Ended, type Sandbox, sandbox } from '../support/evpipe.js';
import { proveImport } from './import.js';

/** Sides beside tables: Avro topics, fenced through the connector or as the source, and queries that sum up. */
const SIDES = `checks:
  cdc-topic:
    source: { database: accounting, table: accounting_balancesheet }
    replica: { topic: private_accounting_bal_sheet_cdc }
    key: { key: id }
    columns: [assets, person_id, date_calculated]
  outbox-topic:
    source: { database: person, table: person_person }
    replica: { topic: public_person_entity_events }
    key: { key: id }
    columns: { data.first_name: first_name, data.date_of_birth: date_of_birth }
  from-topic:
    source: { topic: private_accounting_bal_sheet_cdc }
    replica: { database: planning, table: planning_balancesheet }
    key: { id: key }
    columns: [assets, liabilities]
  sums:
    source: { database: accounting, query: "select person_id, count(*) as sheets, sum(assets) as assets from accounting_balancesheet group by person_id", tables: [accounting_balancesheet] }
    replica: { database: planning, query: "select person_id, count(*) as sheets, sum(assets) as assets from planning_balancesheet group by person_id", tables: [planning_balancesheet] }
    key: [person_id]
`;

interface Report {
  readonly check: string;
  readonly verdict: string;
  readonly why?: string;
  readonly missing: number;
  readonly findings: ReadonlyArray<{
    kind: string;
    key: string[];
    columns: { column: string; source: string; replica: string }[];
  }>;
  readonly way: ReadonlyArray<{ name: string; passed: boolean }>;
}

function lines(output: string): Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function reports(ended: Ended): Map<string, Report> {
  const found = lines(ended.stdout).filter((line) => line.kind === 'check-report');
  return new Map(found.map((line) => [(line.report as Report).check, line.report as Report]));
}

export interface Stack {
  /** Options that every command gets: a profile, a target. */
  readonly options: readonly string[];
  /** Asked after `down --volumes`. */
  leavesNothing?(): Promise<void>;
}

/** Everything the tests ask of person-planning, whoever makes its connectors and runs its servers. `open` may edit the sandbox's file. */
export function provePersonPlanning(open: (box: Sandbox) => Promise<Stack>): void {
  let box: Sandbox;
  let stack: Stack;
  let profile: readonly string[];
  let planningUrl: string;
  let planning: PostgresClient;
  let person: string;

  beforeAll(async () => {
    box = await sandbox('person-planning');
    stack = await open(box);
    profile = stack.options;
    const ended = await box.run('up', '--seed', ...profile, '--output', 'json');
    expect(ended.code, `${ended.stderr}${ended.stdout}`).toBe(0);
    const rows = lines(ended.stdout).flatMap((line) => (line.kind === 'check' ? [line.row] : []));
    expect(rows).toContainEqual({
      check: 'persons',
      kind: 'compare',
      verdict: 'consistent',
      sourceRows: 200,
      replicaRows: 200,
      missing: 0,
      extra: 0,
      different: 0,
    });
    expect(rows).toContainEqual({
      check: 'balance-sheets',
      kind: 'compare',
      verdict: 'consistent',
      sourceRows: 500,
      replicaRows: 500,
      missing: 0,
      extra: 0,
      different: 0,
    });
    const ports = (
      JSON.parse((await box.run('status', '--output', 'json')).stdout) as {
        components: { name: string; address?: string }[];
      }
    ).components;
    const port = (name: string): string =>
      /:(\d+)/.exec(ports.find((one) => one.name === name)?.address ?? '')?.[1] ?? '';
    const secrets = JSON.parse(readFileSync(join(box.folder, '.evpipe/person-planning/secrets.json'), 'utf8')) as {
      postgresPassword: string;
    };
    planningUrl = `postgres://postgres:${secrets.postgresPassword}@127.0.0.1:${port('postgres')}/planning`;
    planning = await connectPostgres({ url: planningUrl });
    person = `http://127.0.0.1:${port('person')}`;
  });

  afterAll(async () => {
    await planning?.close();
    await box?.remove(...(profile ?? []));
  });

  it('changes nothing and adds no seed on a second up, and says so', async () => {
    const ended = await box.run('up', '--seed', ...profile);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('Nothing to change.');
    expect(ended.stdout).toMatch(/persons\s+200\s+200/);
  });

  it('plans by meaning: another spelling of a statement is no change, and each change says what it implies', async () => {
    const plan = async (edit: string) => {
      writeFileSync(join(box.folder, 'edit.yaml'), edit);
      return box.run('plan', '--prune', '-f', 'evpipe.yaml', '-f', 'edit.yaml', ...profile);
    };
    const folder = profile.includes('ksql-connectors') ? 'ksql-connectors/V000003' : 'ksql/V000001';
    const ksql = join(box.folder, `${folder}__balance_sheet_rows.sql`);
    const written = readFileSync(ksql, 'utf8');
    const spelled = written
      .replace('CREATE STREAM balance_sheet_rows', 'create  stream BALANCE_SHEET_ROWS')
      .replace(/WITH \((KAFKA_TOPIC = .*), (VALUE_FORMAT = 'AVRO')\)/, 'WITH ($2, $1)');
    expect(spelled).not.toBe(written);
    writeFileSync(ksql, spelled);
    expect((await plan('{}')).stdout).toContain('Nothing to change');
    writeFileSync(ksql, written.replace("'AVRO'", "'AVRO', PARTITIONS = 1"));
    expect((await plan('{}')).stdout).toMatch(/~ ksql migration .*\n.*had already run were changed/);
    writeFileSync(ksql, written);

    const edits: readonly (readonly [edit: string, found: RegExp])[] = [
      ['topics: { public_person_entity_events: { config: { retention.ms: 1000 } } }', /retention.ms \S+ → 1000/],
      [
        'services: { planning-person-consumer: { env: { MORE: a } } }',
        /MORE .*\(it restarts, and group planning-person rebalances\)/,
      ],
    ];
    for (const [edit, found] of edits) {
      const planned = await plan(edit);
      expect(planned.stdout, planned.stderr).toMatch(found);
      expect(planned.code, edit).toBe(3);
    }
  });

  it('is imported from what runs: topics, subjects, connectors and statements are those of the file', () =>
    proveImport(box, profile));

  it('lets people in on the admin page that up shows, by the login that it shows', async () => {
    const page = `${person}/admin/login`;
    const form = new URLSearchParams({ username: 'root', password: 'P@ssw0rd1', next: '/admin/' });
    const entered = await fetch(page, { method: 'POST', body: form, redirect: 'manual' });
    expect(entered.status).toBe(303);
    const [cookie = ''] = entered.headers.getSetCookie();
    const shown = await fetch(page.replace('login', ''), { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(await shown.text()).toContain('Log out');
  });

  it('replicates what happens through the API: create, change, delete', async () => {
    const id = '00000000-0000-4000-8000-000000000001';
    const send = async (method: string, path: string, body?: unknown): Promise<void> => {
      const answer = await fetch(`${person}${path}`, {
        method,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      expect(answer.ok, await answer.text()).toBe(true);
    };
    const dates = async (): Promise<unknown[]> =>
      (await planning.queryText('SELECT date_of_birth FROM planning_person WHERE id = $1', [id])).map(([date]) => date);
    await send('POST', '/api/persons', { id, first_name: 'Ada', last_name: 'Lovelace', date_of_birth: '1815-12-10' });
    await expect.poll(dates, { timeout: 30_000 }).toEqual(['1815-12-10']);
    await send('PUT', `/api/persons/${id}`, { first_name: 'Ada', last_name: 'King', date_of_birth: '1815-12-11' });
    await expect.poll(dates, { timeout: 30_000 }).toEqual(['1815-12-11']);
    await send('DELETE', `/api/persons/${id}`);
    await expect.poll(dates, { timeout: 30_000 }).toEqual([]);
  });

  it('proves topics and sums by their own fences, and names what is wrong in them', async () => {
    writeFileSync(join(box.folder, 'sides.yaml'), SIDES);
    const verify = (): Promise<Ended> =>
      box.run(
        ...['verify-consistency', 'cdc-topic', 'outbox-topic', 'from-topic', 'sums'],
        ...['--file', 'evpipe.yaml', '--file', 'sides.yaml', ...profile, '--output', 'json'],
      );
    const agreed = await verify();
    expect(agreed.code, `${agreed.stderr}${agreed.stdout}`).toBe(0);
    expect([...reports(agreed)].map(([name, { verdict }]) => `${name} ${verdict}`).sort()).toEqual([
      'cdc-topic consistent',
      'from-topic consistent',
      'outbox-topic consistent',
      'sums consistent',
    ]);
    const [[id, personId] = []] = (await planning.queryText(
      'SELECT id::text, person_id::text FROM planning_balancesheet ORDER BY id LIMIT 1',
    )) as [string, string][];
    await planning.query('UPDATE planning_balancesheet SET assets = assets + 1 WHERE id = $1', [id]);
    const persons = await connectPostgres({ url: planningUrl.replace(/planning$/, 'person') });
    // Behind the outbox's back: no event tells of it.
    const [gone] = await persons.queryText(
      'DELETE FROM person_person WHERE id = (SELECT id FROM person_person ORDER BY id LIMIT 1) RETURNING id::text, row_to_json(person_person)::text',
    );
    const wrong = await verify();
    await persons.query('INSERT INTO person_person SELECT * FROM json_populate_record(NULL::person_person, $1)', [
      gone?.[1],
    ]);
    await persons.close();
    await planning.query('UPDATE planning_balancesheet SET assets = assets - 1 WHERE id = $1', [id]);
    expect(wrong.code, `${wrong.stderr}${wrong.stdout}`).toBe(1);
    const found = reports(wrong);
    const told = (name: string): readonly string[] | undefined =>
      found
        .get(name)
        ?.findings.map(({ kind, key, columns }) => [kind, ...key, ...columns.map((one) => one.column)].join(' '));
    expect(told('cdc-topic')).toEqual([]);
    expect(told('outbox-topic')).toEqual([`extra ${gone?.[0]}`]);
    expect(found.get('outbox-topic')?.way).toMatchObject([{ name: 'person-outbox', passed: true }]);
    expect(told('from-topic')).toEqual([`different ${id} assets`]);
    expect(told('sums')).toEqual([`different ${personId} assets`]);
    expect(found.get('sums')?.way.map(({ passed }) => passed)).toEqual([true, true, true]);
  });

  it('names the row changed, the row deleted and the row inserted behind the replica’s back, and exits with 1', async () => {
    const ids = (await planning.queryText(
      'SELECT id::text, date_of_birth::text FROM planning_person ORDER BY id LIMIT 2',
    )) as [string, string][];
    const [[changed, before], [deleted, deletedDate]] = ids as [[string, string], [string, string]];
    const rogue = 'ffffffff-ffff-4fff-8fff-ffffffffffff';
    await planning.query("UPDATE planning_person SET date_of_birth = '1900-01-01' WHERE id = $1", [changed]);
    await planning.query('DELETE FROM planning_person WHERE id = $1', [deleted]);
    await planning.query("INSERT INTO planning_person (id, date_of_birth) VALUES ($1, '2000-01-01')", [rogue]);
    const ended = await box.run('verify-consistency', ...profile, '--output', 'json');
    expect(ended.code).toBe(1);
    const report = reports(ended).get('persons');
    expect(report?.verdict).toBe('inconsistent');
    expect([...(report?.findings ?? [])].sort((a, b) => (a.key[0] ?? '').localeCompare(b.key[0] ?? ''))).toEqual([
      {
        kind: 'different',
        key: [changed],
        columns: [{ column: 'date_of_birth', source: before, replica: '1900-01-01' }],
      },
      { kind: 'missing', key: [deleted], columns: [] },
      { kind: 'extra', key: [rogue], columns: [] },
    ]);
    expect(reports(ended).get('balance-sheets')?.verdict).toBe('consistent');
    await planning.query('UPDATE planning_person SET date_of_birth = $2 WHERE id = $1', [changed, before]);
    await planning.query('INSERT INTO planning_person (id, date_of_birth) VALUES ($1, $2)', [deleted, deletedDate]);
    await planning.query('DELETE FROM planning_person WHERE id = $1', [rogue]);
    expect((await box.run('verify-consistency', ...profile)).code).toBe(0);
  });

  it('says lagging with the stage, and exits with 5, while the connector is paused; and consistent once it goes on', async () => {
    expect((await box.run('connectors', 'pause', 'person-outbox', ...profile)).code).toBe(0);
    const created = await fetch(`${person}/api/persons`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ first_name: 'Grace', last_name: 'Hopper', date_of_birth: '1906-12-09' }),
    });
    expect(created.ok).toBe(true);
    const ended = await box.run('verify-consistency', 'persons', ...profile, '--output', 'json');
    expect(ended.code, ended.stdout).toBe(5);
    expect(reports(ended).get('persons')).toMatchObject({
      verdict: 'lagging',
      missing: 1,
      why: expect.stringContaining('person-outbox'),
    });
    expect((await box.run('connectors', 'resume', 'person-outbox', ...profile)).code).toBe(0);
    expect((await box.run('verify-consistency', ...profile)).code).toBe(0);
  });

  it('says lagging with the stage while a consumer is stopped', async () => {
    expect((await box.run('stop', 'planning-person-consumer', ...profile)).code).toBe(0);
    const created = await fetch(`${person}/api/persons`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ first_name: 'Jean', last_name: 'Bartik', date_of_birth: '1924-12-27' }),
    });
    expect(created.ok).toBe(true);
    const ended = await box.run('verify-consistency', 'persons', ...profile, '--output', 'json');
    expect(ended.code, ended.stdout).toBe(5);
    expect(reports(ended).get('persons')).toMatchObject({
      verdict: 'lagging',
      why: expect.stringContaining('planning-person-consumer is 1 record behind'),
    });
    expect((await box.run('start', 'planning-person-consumer', ...profile)).code).toBe(0);
    expect((await box.run('verify-consistency', ...profile)).code).toBe(0);
  });

  it('keeps its data over down and up, and leaves nothing after down --volumes', async () => {
    await planning.close();
    expect((await box.run('down', ...profile)).code).toBe(0);
    const again = await box.run('up', '--seed', ...profile, '--output', 'json');
    expect(again.code, again.stderr + again.stdout).toBe(0);
    const rows = lines(again.stdout).flatMap((line) => (line.kind === 'check' ? [line.row] : []));
    expect(rows).toContainEqual(
      expect.objectContaining({ check: 'balance-sheets', verdict: 'consistent', sourceRows: 500 }),
    );
    expect((await box.run('down', '--volumes', '--yes', ...profile)).code).toBe(0);
    expect(existsSync(join(box.folder, '.evpipe/person-planning'))).toBe(false);
    expect(
      existsSync('/var/lib/evpipe')
        ? readdirSync('/var/lib/evpipe').filter((name) => name.includes('evpipe-test'))
        : [],
    ).toEqual([]);
    await stack.leavesNothing?.();
  });
}
