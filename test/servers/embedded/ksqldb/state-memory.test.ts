import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../../src/clients/kafka/contract.js';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { Lifetime } from '../../../../src/support/lifetime.js';
import { waitUntil } from '../../../../src/support/retry.js';
import { forkServer } from '../../../support/fork-server.js';

const PROGRAM = fileURLToPath(new URL('../../../../dist/embedded/ksqldb/process.js', import.meta.url));
const KEYS = 1_000;

/** An engine in a process of its own. Names of what it makes begin with its own. */
class Engine {
  private child: ChildProcess | undefined;
  private port = 0;

  constructor(
    readonly name: string,
    readonly dataDir: string,
    private readonly bootstrapServers: string,
  ) {}

  async start(): Promise<void> {
    const options = {
      host: '127.0.0.1',
      port: 0,
      kafka: { bootstrapServers: this.bootstrapServers },
      serviceId: `${this.name}_`,
      dataDir: this.dataDir,
    };
    this.child = forkServer(PROGRAM, options);
    const [{ port }] = (await once(this.child, 'message')) as [{ port: number }];
    this.port = port;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    this.child = undefined;
  }

  async ask(path: string, ksql: string): Promise<string> {
    const streamsProperties = { 'auto.offset.reset': 'earliest' };
    const body = JSON.stringify({ ksql: ksql.replaceAll('$', this.name), streamsProperties });
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, { method: 'POST', body });
    const text = await answer.text();
    expect(answer.status, text).toBe(200);
    return text;
  }

  async rows(select: string): Promise<string[]> {
    const answer = JSON.parse(await this.ask('/query', select)) as ReadonlyArray<{ row?: { columns: unknown[] } }>;
    return answer.flatMap(({ row }) => (row === undefined ? [] : [JSON.stringify(row.columns)])).sort();
  }

  /** Files without a name that it has open in its folder. */
  async openFiles(): Promise<string[]> {
    const folder = `/proc/${this.child?.pid}/fd`;
    const paths = await Promise.all(
      (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')), // closed meanwhile
    );
    return paths.filter((path) => path.startsWith(this.dataDir));
  }
}

describe('an engine whose state has little room in memory', () => {
  const lifetime = new Lifetime();
  const engines: Engine[] = [];
  let kafka: KafkaClient;
  let sent = 0;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'evpipe-ksqldb-state-'));
    lifetime.onEnd(() => rm(folder, { recursive: true, force: true }));
    const broker = await startKafka({ dataDir: join(folder, 'kafka') });
    lifetime.onEnd(() => broker.stop());
    kafka = connectKafka({ bootstrapServers: broker.bootstrapServers, clientId: 'test' });
    lifetime.onEnd(() => kafka.close());
    for (const name of ['s', 't', 'u']) await kafka.createTopic({ name, partitions: 1 });
    for (const name of ['SMALL', 'LARGE']) {
      const engine = new Engine(name, join(folder, name), broker.bootstrapServers);
      await engine.start();
      lifetime.onEnd(() => engine.end('SIGKILL'));
      engines.push(engine);
    }
  });
  afterAll(() => lifetime.end());

  /** Rows whose keys come again and again, in any order, and some deletions from the table. */
  async function send(count: number): Promise<void> {
    const producer = kafka.producer();
    for (const end = sent + count; sent < end; sent += 1) {
      const key = Buffer.from(`k${(sent * 7919) % KEYS}`);
      const value = `{"A":${sent % 100},"REF":"k${(sent * 31) % KEYS}","PAD":"${'x'.repeat(1_000)}"}`;
      const isGone = sent % 7 === 3;
      producer.append({ topic: 's', partition: 0, key, value: Buffer.from(value), timestampMs: sent * 100 });
      producer.append({ topic: 'u', partition: 0, key, value: Buffer.from(value), timestampMs: sent });
      producer.append({ topic: 't', partition: 0, key, value: isGone ? null : Buffer.from(value), timestampMs: sent });
    }
    await producer.close();
  }

  async function isCaughtUp({ name }: Engine): Promise<true | undefined> {
    for (const query of ['C', 'W', 'F']) {
      const group = `_confluent-ksql-${name}_query_${name}${query}`;
      for (const topic of query === 'F' ? ['t', 'u'] : ['s']) {
        const [position] = await kafka.committedOffsets(group, [topic]);
        if (position?.offset !== BigInt(sent)) return undefined;
      }
    }
    return true;
  }

  async function compare(): Promise<void> {
    const [small, large] = engines as [Engine, Engine];
    for (const engine of engines) {
      await waitUntil(`${engine.name} to have read all`, () => isCaughtUp(engine), { timeoutMs: 50_000 });
    }
    for (const select of [
      'SELECT * FROM $C;',
      'SELECT * FROM $W;',
      'SELECT * FROM $F;',
      "SELECT * FROM $C WHERE K >= 'k15' AND K < 'k3';",
      "SELECT * FROM $W WHERE K = 'k77';",
    ]) {
      const rows = await small.rows(select);
      expect(rows.length, select).toBeGreaterThan(0);
      expect(rows, select).toEqual(await large.rows(select));
    }
    expect(await small.openFiles()).toHaveLength(1);
    expect(await large.openFiles()).toEqual([]);
    expect(await readdir(small.dataDir)).toEqual([]);
  }

  it('has the results of one that holds it all, also after kill -9, and leaves no file', async () => {
    const [small] = engines as [Engine, Engine];
    await small.ask('/ksql', "ALTER SYSTEM 'ksql.plugins.rocksdb.cache.size'='1000000';");
    const columns = 'A INT, REF STRING, PAD STRING';
    for (const engine of engines) {
      await engine.ask(
        '/ksql',
        `CREATE STREAM S (K STRING KEY, ${columns}) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
         CREATE TABLE T (K STRING PRIMARY KEY, ${columns}) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
         CREATE TABLE U (K STRING PRIMARY KEY, ${columns}) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='JSON');
         CREATE TABLE $C WITH (QUERY_ID='$C') AS
           SELECT K, COUNT(*) AS N, SUM(A) AS T, LATEST_BY_OFFSET(PAD) AS L FROM S GROUP BY K;
         CREATE TABLE $W WITH (QUERY_ID='$W') AS
           SELECT K, COUNT(*) AS N FROM S WINDOW TUMBLING (SIZE 1 HOURS, RETENTION 1 DAYS) GROUP BY K;
         CREATE TABLE $F WITH (QUERY_ID='$F') AS
           SELECT T.K AS K, T.A AS A, U.A AS B, U.PAD AS PAD FROM T JOIN U ON T.REF = U.K;`,
      );
    }
    await send(3_000);
    await compare();
    for (const engine of engines) await engine.end('SIGKILL');
    await send(1_000);
    for (const engine of engines) await engine.start();
    await compare();
    await small.end('SIGTERM');
    expect(await readdir(small.dataDir)).toEqual([]);
  });

  it.each([['-1'], ['much']])('refuses a bound of %s', async (value) => {
    const [, large] = engines as [Engine, Engine];
    await expect(large.ask('/ksql', `ALTER SYSTEM 'ksql.plugins.rocksdb.cache.size'='${value}';`)).rejects.toThrow(
      'Not a number of type LONG',
    );
  });
});
