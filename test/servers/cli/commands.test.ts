import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Ran, runIn } from '../../support/command-line.js';
import { SHOP_PIPELINE } from '../../support/shop-pipeline.js';
import { openShop, type Shop } from './shop.js';

let shop: Shop;

beforeAll(async () => {
  shop = await openShop();
});

afterAll(() => shop?.stop());

beforeEach(() => Object.assign(shop.behaviour, { record: true, price: '1.50', status: 201 }));

const run = (...argv: string[]): Promise<Ran> => runIn(shop.folder, shop.env, ...argv, '--target', 'test');
const lineOf = (text: string): number => SHOP_PIPELINE.slice(0, SHOP_PIPELINE.indexOf(text)).split('\n').length;

describe('evpipe smoke', () => {
  it('passes where the record and the row arrive and the checks agree', async () => {
    const { code, out } = await run('smoke', '--timeout', '30s');
    expect(out).toMatch(/✓ an-order-arrives .*POST \/orders 201, record orders [01]\/\d+, row shop\.orders/);
    expect(out).toMatch(/✓ copies .*consistent, \d+ rows/);
    expect(out).toContain('All 2 passed'); // nobody reads a topic: there is no lag to watch
    expect(code).toBe(0);
  });

  it('says which record is missing, and tells CI in a JUnit file and at the line of the expectation', async () => {
    shop.behaviour.record = false;
    const env = { ...shop.env, GITHUB_ACTIONS: 'true' };
    const argv = ['smoke', 'an-order-arrives', '--target', 'test', '--junit', 'out/smoke.xml'];
    const { code, out, err } = await runIn(shop.folder, env, ...argv);
    expect(out).toMatch(/✗ an-order-arrives/);
    expect(out).toMatch(/no such record on orders with key [0-9a-f-]{36}: nothing arrived there/);
    expect(err).toContain(`::error file=evpipe.yaml,line=${lineOf('- { topic: orders')},`);
    const junit = readFileSync(join(shop.folder, 'out', 'smoke.xml'), 'utf8');
    expect(junit).toMatch(/<testsuite name="shop".* failures="1" errors="0"/);
    expect(junit).toMatch(/<testcase classname="shop" name="an-order-arrives".* file="evpipe.yaml">/);
    expect(code).toBe(1);
  });

  it('shows the value that is there instead of the expected one', async () => {
    shop.behaviour.price = '2.5';
    const { code, out } = await run('smoke', 'an-order-arrives');
    expect(out).toContain('no such row in shop.orders: price is 2.50, expected 1.5');
    expect(code).toBe(1);
  });

  it('shows what the service answers to a request that it refuses', async () => {
    shop.behaviour.status = 409;
    const { code, out } = await run('smoke', 'an-order-arrives');
    expect(out).toContain('shop answers POST /orders with 409, expected 2xx: no tea left');
    expect(out).toContain(`evpipe.yaml:${lineOf('request: { service: shop')}:`);
    expect(code).toBe(1);
  });

  it('writes a line of JSON for each test, and the exit code last', async () => {
    const { code, out } = await run('smoke', '--output', 'json', '--timeout', '30s');
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const tests = lines.filter(({ kind }) => kind === 'smoke').map(({ name, verdict }) => [name, verdict]);
    expect(tests).toContainEqual(['an-order-arrives', 'passed']);
    expect(lines.at(-1)).toMatchObject({ kind: 'result', exitCode: 0 });
    expect(code).toBe(0);
  });

  it('refuses a name that is no test, with the nearest one that is', async () => {
    const { code, err } = await run('smoke', 'an-order-arrive');
    expect(err).toContain('there is no smoke test an-order-arrive, did you mean an-order-arrives?');
    expect(code).toBe(2);
  });
});

describe('evpipe verify-consistency', () => {
  it('writes a check that is inconsistent as a failed test, and its findings as lines', async () => {
    const insert = "insert into orders_copy values ('00000000-0000-0000-0000-000000000001')";
    const remove = "delete from orders_copy where id = '00000000-0000-0000-0000-000000000001'";
    await run('psql', 'shop', '-c', insert);
    const { code } = await run('verify-consistency', '--junit', 'checks.xml', '--findings', 'findings.jsonl');
    await run('psql', 'shop', '-c', remove);
    const junit = readFileSync(join(shop.folder, 'checks.xml'), 'utf8');
    expect(junit).toMatch(/name="copies"[^>]*>\s*<failure message="inconsistent/);
    expect(junit).toContain('00000000-0000-0000-0000-000000000001');
    const [finding, ...others] = readFileSync(join(shop.folder, 'findings.jsonl'), 'utf8').trim().split('\n');
    expect(JSON.parse(finding ?? '')).toEqual({
      check: 'copies',
      kind: 'extra',
      key: ['00000000-0000-0000-0000-000000000001'],
      columns: [],
    });
    expect(others).toEqual([]);
    expect(code).toBe(1);
  });
});

describe('evpipe verify-consistency of a topic', () => {
  it('compares a table with the latest value of each key', async () => {
    writeFileSync(
      join(shop.folder, 'on-topic.yaml'),
      `topics: { items: { partitions: 1 } }
checks:
  on-topic:
    source: { database: shop, table: items }
    replica: { topic: items }
    key: { key: id }
    columns: { name: name, price: price }
    through: []
    within: 1s
`,
    );
    const record = (key: string, value: unknown): string => `${JSON.stringify({ key, value })}\n`;
    writeFileSync(
      join(shop.folder, 'items.jsonl'),
      record('1', { name: 'tea', price: 1 }) +
        record('1', { name: 'tea', price: 1.5 }) +
        record('2', { name: 'nut', price: 7 }) +
        record('3', { name: 'gone', price: 1 }) +
        record('3', null),
    );
    const files = ['-f', 'evpipe.yaml', '-f', 'on-topic.yaml'];
    await run('psql', 'shop', '-c', 'create table items (id int primary key, name text, price numeric(10,2))');
    await run('psql', 'shop', '-c', "insert into items values (1, 'tea', 1.50), (2, 'nut', 7)");
    expect((await run('init-services', ...files)).code).toBe(0);
    expect((await run('produce', 'items', 'items.jsonl', ...files)).code).toBe(0);
    const agreeing = await run('verify-consistency', 'on-topic', ...files);
    expect(agreeing.out).toMatch(/shop\.items → topic items[\s\S]*consistent: 2 rows/);
    await run('psql', 'shop', '-c', 'update items set price = 8 where id = 2');
    const { out, code } = await run('verify-consistency', 'on-topic', ...files);
    expect(out).toMatch(/different +2 +price {2}source 8 {2}replica 7/);
    expect(code).toBe(1);
  });
});

describe('evpipe psql without psql', () => {
  it('prints rows as a table, and as JSON with their types', async () => {
    const sql = 'select 1 as one, null as nothing; select 9007199254740993::int8 as big';
    const text = await run('psql', 'shop', '-c', sql);
    expect(text.out).toBe(
      'one  nothing\n───  ───────\n1    NULL\n(1 row)\nbig\n────────────────\n9007199254740993\n(1 row)\n',
    );
    const json = await run('psql', 'shop', '-c', sql, '-o', 'json');
    expect(json.out).toBe('{"one":1,"nothing":null}\n{"big":"9007199254740993"}\n');
  });

  it('ends with 1 and the words of the server where a statement fails, after what went before it', async () => {
    const { code, out, err } = await run('psql', 'shop', '-c', 'select 7 as seven; select 1/0');
    expect(out).toContain('seven');
    expect(err).toMatch(/^evpipe: .*division by zero/);
    expect(code).toBe(1);
  });

  it('knows which databases there are', async () => {
    const { code, err } = await run('psql', 'shopp', '-c', 'select 1');
    expect(err).toContain('there is no database shopp, did you mean shop?');
    expect(code).toBe(2);
  });
});

describe('components with an address', () => {
  it('are printed by env under the names that targets read', async () => {
    const { out } = await run('env');
    expect(out).toContain(`export EVPIPE_KAFKA_BOOTSTRAP_SERVERS=${shop.env.EVPIPE_KAFKA_BOOTSTRAP_SERVERS}\n`);
    expect(out).toContain(`export EVPIPE_SERVICE_SHOP_URL=${shop.env.SHOP_URL}\n`);
    const json = JSON.parse((await run('env', '-o', 'json')).out) as Record<string, string>;
    expect(json.EVPIPE_DATABASE_SHOP_URL).toBe(shop.env.EVPIPE_DATABASE_SHOP_URL);
  });

  it('are neither started nor stopped', async () => {
    const { code, err } = await run('stop', 'kafka');
    expect(err).toContain('evpipe did not start it');
    expect(code).toBe(2);
  });

  it('are reached by doctor; one that does not exist is named with its address, exit code 4', async () => {
    const well = await run('doctor');
    expect(well.out).toMatch(/✓ kafka +1 broker, cluster/);
    expect(well.out).toMatch(/✓ database shop +PostgreSQL \d+.*, wal_level logical/);
    const env = { ...shop.env, EVPIPE_DATABASE_SHOP_URL: 'postgres://u:secret@127.0.0.1:1/shop' };
    const ill = await runIn(shop.folder, env, 'doctor', '--target', 'test');
    expect(ill.out).toMatch(/✗ database shop +postgres\/shop at 127\.0\.0\.1:1 can't be reached/);
    expect(ill.out).not.toContain('secret');
    expect(ill.code).toBe(4);
  });
});
