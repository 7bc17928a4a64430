import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import { readToEnd } from '../../../src/clients/kafka/read-topic.js';
import { connectPostgres, type PostgresClient } from '../../../src/clients/postgres/client.js';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { type Ledger, ledgerIn } from '../../../src/kinds/ledger/ledger.js';
import { topicStore } from '../../../src/kinds/ledger/topic-store.js';
import { applyCsvSeed, applySqlSeed } from '../../../src/kinds/seed/database-seed.js';
import { csvColumns, readSeedLines } from '../../../src/kinds/seed/seed-files.js';
import { applyTopicSeed } from '../../../src/kinds/seed/topic-seed.js';

const folder = mkdtempSync(join(tmpdir(), 'evpipe-file-seeds-'));
const { signal } = new AbortController();
const location = { file: 'evpipe.yaml', line: 3, column: 5 };
let postgres: RunningPostgres;
let client: PostgresClient;
let kafka: RunningKafka;
let reader: KafkaClient;

beforeAll(async () => {
  [postgres, kafka] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres') }),
    startKafka({ dataDir: join(folder, 'kafka') }),
  ]);
  client = await connectPostgres({ url: postgres.url });
  reader = connectKafka({ bootstrapServers: kafka.bootstrapServers, clientId: 'test' });
});
afterAll(async () => {
  await client?.close();
  await reader?.close();
  await Promise.all([postgres?.remove(), kafka?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() =>
  client.execute(
    'DROP SCHEMA IF EXISTS evpipe CASCADE; DROP TABLE IF EXISTS market; CREATE TABLE market (iso_code text PRIMARY KEY, name text)',
  ),
);

const markets = async (): Promise<string[]> =>
  (await client.queryText('SELECT iso_code, name FROM market ORDER BY 1')).map(([code, name]) => `${code} ${name}`);

const sqlSeed = (sql: string) =>
  applySqlSeed(
    { name: 'markets', url: postgres.url, location, source: sql, signal },
    { name: 'markets', file: 'markets.sql', sql, source: sql },
  );

function csvSeed(text: string) {
  const file = join(folder, 'markets.csv');
  writeFileSync(file, text);
  const seed = { name: 'markets', url: postgres.url, location, source: text, signal };
  return applyCsvSeed({ ...seed, file, table: 'market', columns: csvColumns(text) });
}

describe('a seed by SQL', () => {
  it('runs once, and again when its file was changed', async () => {
    expect(await sqlSeed("INSERT INTO market VALUES ('DE', 'Germany')")).toBe(true);
    expect(await sqlSeed("INSERT INTO market VALUES ('DE', 'Germany')")).toBe(false);
    expect(await sqlSeed("INSERT INTO market VALUES ('FR', 'France')")).toBe(true);
    expect(await markets()).toEqual(['DE Germany', 'FR France']);
  });

  it('leaves nothing of a file that fails in the middle', async () => {
    await expect(sqlSeed("INSERT INTO market VALUES ('DE', 'Germany');\nINSERT INTO markt VALUES (1)")).rejects.toThrow(
      /markt/,
    );
    expect(await markets()).toEqual([]);
  });
});

describe('a seed by CSV', () => {
  const text = 'name,iso_code\n"Germany, Federal Republic of",DE\n"Côte d’Ivoire ""CI""",CI\n,XX\n';

  it('copies the rows by the names of the header, once', async () => {
    expect(await csvSeed(text)).toBe(true);
    expect(await csvSeed(text)).toBe(false);
    expect(await markets()).toEqual(['CI Côte d’Ivoire "CI"', 'DE Germany, Federal Republic of', 'XX null']);
  });

  it('copies all rows or none', async () => {
    await expect(csvSeed(`${text}Germany,DE\n`)).rejects.toThrow(/duplicate key/);
    expect(await markets()).toEqual([]);
    expect(await csvSeed(text)).toBe(true);
  });

  it('says at its place which column the table does not have', async () => {
    await expect(csvSeed('name,iso\nGermany,DE\n')).rejects.toMatchObject({
      code: 'EVPIPE_SEED_COLUMN_UNKNOWN',
      message: "seed markets: the file's header has iso, which table market does not have; it has iso_code, name",
      location,
    });
  });
});

describe('a seed by JSON Lines', () => {
  let topic: string;
  let seeds = 0;
  beforeEach(async () => {
    seeds += 1;
    topic = `markets-${seeds}`;
    await reader.createTopic({ name: topic, partitions: 2 });
  });

  const source = Array.from({ length: 1_200 }, (_, n) => JSON.stringify({ key: `m${n}`, value: { n } })).join('\n');

  /** `stopAfter`: it is cut off when so many lines are noted, as a kill between writing and noting would. */
  async function seed(text: string, dieAfter?: number): Promise<number> {
    const ledger = await ledgerIn(topicStore(reader, topic, () => {}));
    let notes = 0;
    const dying: Ledger = {
      ...ledger,
      put: async (key, value) => {
        notes += 1;
        if (notes > (dieAfter ?? Number.POSITIVE_INFINITY)) throw new Error('killed');
        await ledger.put(key, value);
      },
    };
    const { lines } = readSeedLines(text);
    try {
      return await applyTopicSeed(
        { name: 'markets', topic, source: text, lines },
        { kafka: reader, ledger: dying },
        { progress: () => {}, signal },
      );
    } finally {
      await ledger.close();
    }
  }

  async function keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const { records } of readToEnd(reader, topic)) found.push(...records.map(({ key }) => String(key)));
    return found;
  }

  it('doubles nothing after a run that died between writing and noting, and adds nothing the next time', async () => {
    await expect(seed(source, 1)).rejects.toThrow('killed'); // 500 written, none noted
    expect(await keys()).toHaveLength(500);
    await expect(seed(source, 1)).rejects.toThrow('killed'); // the first 500 noted, 500 more written
    expect(await seed(source)).toBe(200);
    const found = await keys();
    expect(found).toHaveLength(1_200);
    expect(new Set(found).size).toBe(1_200);
    expect(await seed(source)).toBe(0);
  });

  it('writes keys, headers and tombstones as the lines say', async () => {
    await seed(
      '{"key": "a", "value": {"x": [1]}, "headers": {"h": "1"}}\n\n{"key": 7, "value": null}\n{"value": "bare"}',
    );
    const found: unknown[] = [];
    for await (const { records } of readToEnd(reader, topic))
      for (const { key, value, headers } of records)
        found.push([key?.toString(), value?.toString(), headers.find(([name]) => name === 'h')?.[1]?.toString()]);
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        ['a', '{"x":[1]}', '1'],
        ['7', undefined, undefined],
        [undefined, '"bare"', undefined],
      ]),
    );
  });
});
