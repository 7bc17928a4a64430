import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKsqldb, type KsqldbClient } from '../../../src/clients/ksqldb/client.js';
import { checksumOf } from '../../../src/kinds/database/resource.js';
import { applyMigration, ledgerKey } from '../../../src/kinds/ksqldb/migration.js';
import { fileStore } from '../../../src/kinds/ledger/file-store.js';
import { type Ledger, ledgerIn } from '../../../src/kinds/ledger/ledger.js';
import { type KsqlStack, startStack } from '../embedded/ksqldb/stack.js';

let stack: KsqlStack;
let folder: string;
let ksqldb: KsqldbClient;
let ledger: Ledger;

beforeAll(async () => {
  stack = await startStack();
  folder = await mkdtemp(join(tmpdir(), 'evpipe-migration-'));
  ledger = await ledgerIn(fileStore(folder));
  ksqldb = connectKsqldb({ url: stack.url() });
  await stack.ksql(`
    CREATE STREAM a (k STRING KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE STREAM b (k STRING KEY, v INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', PARTITIONS=1);`);
});
afterAll(async () => {
  await ledger?.close();
  ksqldb?.close();
  await stack?.end();
  await rm(folder, { recursive: true, force: true });
});

const wait = { waitingFor: () => {}, signal: new AbortController().signal, timeoutMs: 1_000 };

/** A run that died when it had noted that it sends the second statement. */
async function resumed(name: string, sql: string): Promise<number> {
  const migration = { name, file: `${name}.ksql`, sql, source: sql };
  const [first = ''] = sql.split(';');
  const state = { done: 1, sending: 1, finished: false, checksum: checksumOf(first) };
  await ledger.put(ledgerKey(name), state);
  return applyMigration(migration, { ksqldb, ledger, waitForSubject: async () => {} }, wait);
}

it('sends an insert that was not noted as done only where the server does not run it, however either is written', async () => {
  const migration = "DEFINE least = '10';\nINSERT INTO b SELECT k, v + 1 AS v FROM a WHERE v > ${least};";
  expect(await resumed('first', migration)).toBe(1);
  expect(await ksqldb.runningQueries()).toHaveLength(1);
  expect(await resumed('again', migration)).toBe(0);
  expect(
    await resumed('respelt', migration.replace('INSERT INTO b SELECT k,', 'insert into B select a.k as k, /**/')),
  ).toBe(0);
  expect(await resumed('other', migration.replace('10', '11'))).toBe(1);
  expect(await ksqldb.runningQueries()).toHaveLength(2);
});
