import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { KafkaClient, KafkaRecord } from '../../src/clients/kafka/contract.js';
import { pause, waitUntil } from '../../src/support/retry.js';
import { Follower, repeatedly } from '../support/follower.js';
import { forkServer } from '../support/fork-server.js';
import { seeded } from '../support/seeded.js';

const ENTRY = fileURLToPath(new URL('../../dist/embedded/ksqldb/process.js', import.meta.url));
const KILLS = 3;
const SEED = Number(process.env.EVPIPE_SEED ?? 14);
const EXACTLY_ONCE = { 'auto.offset.reset': 'earliest', 'processing.guarantee': 'exactly_once_v2' };
const AT_LEAST_ONCE = { 'auto.offset.reset': 'earliest' };

interface Broker {
  readonly bootstrapServers: string;
  stop(): Promise<void>;
}

/** A ksqlDB engine that is killed, on any broker. */
export function exactlyOnceQuery(startBroker: (dataDir: string) => Promise<Broker>): void {
  let folder: string;
  let broker: Broker;
  let kafka: KafkaClient;
  let engine: ChildProcess;
  let port = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evpipe-ksqldb-'));
    broker = await startBroker(folder);
    kafka = connectKafka({ bootstrapServers: broker.bootstrapServers, clientId: 'test' });
    await startEngine();
  });

  afterAll(async () => {
    await kill();
    await kafka.close();
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function startEngine(): Promise<void> {
    engine = forkServer(ENTRY, { host: '127.0.0.1', port: 0, kafka: { bootstrapServers: broker.bootstrapServers } });
    port = await new Promise((resolve, reject) => {
      engine.once('message', (message) => resolve((message as { port: number }).port));
      engine.once('exit', (code) => reject(new Error(`the engine ended with ${code}`)));
    });
  }

  async function kill(): Promise<void> {
    if (engine.exitCode !== null || engine.signalCode !== null) return;
    const ended = once(engine, 'exit');
    engine.kill('SIGKILL');
    await ended;
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers are JSON of many shapes
  async function ksql(statements: string, streamsProperties: Record<string, string> = {}): Promise<any> {
    const response = await fetch(`http://127.0.0.1:${port}/ksql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ksql: statements, streamsProperties }),
    });
    const body = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(body));
    return body;
  }

  const SINKS = ['DOUBLED', 'COUNTED', 'SUMMED'] as const;

  const program = (suffix: string) => `
    CREATE STREAM DOUBLED${suffix} AS SELECT K, A * 2 AS B FROM S;
    CREATE TABLE COUNTED${suffix} AS SELECT K, COUNT(*) AS N, SUM(A) AS TOTAL FROM S GROUP BY K;
    CREATE TABLE SUMMED${suffix} AS SELECT K, SUM(A) AS TOTAL FROM S WINDOW TUMBLING (SIZE 1 SECONDS) GROUP BY K;`;

  const rowOf = ({ key, value, timestampMs }: KafkaRecord): string =>
    `${key?.toString('latin1')} ${value?.toString()} @${timestampMs}`;

  const follow = (suffix: string) => Promise.all(SINKS.map((sink) => Follower.of(kafka, `${sink}${suffix}`, rowOf)));

  const reach = (followers: readonly Follower<string>[], count: number) =>
    waitUntil(
      () => `${count} rows, ${followers.map(({ seen }) => seen.length)} are there`,
      async () => (followers.every(({ seen }) => seen.length >= count) ? true : undefined),
      { timeoutMs: 60_000 },
    );

  it(`makes with exactly_once_v2 what an uninterrupted run makes, though it is killed ${KILLS} times (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    await ksql("CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);");
    const made = await ksql(program(''), EXACTLY_ONCE);
    const [{ queryDescription }] = await ksql(`EXPLAIN ${made[0].commandStatus.queryId};`);
    expect(queryDescription.overriddenProperties).toEqual(EXACTLY_ONCE);

    const followers = await follow('');
    const producer = kafka.producer();
    let inputs = 0;
    const writer = repeatedly(async () => {
      for (let left = Math.ceil(random() * 25); left > 0; left--) {
        const key = Buffer.from(`k${Math.floor(random() * 20)}`);
        const value = Buffer.from(JSON.stringify({ A: Math.floor(random() * 1000) }));
        producer.append({ topic: 's', key, value, timestampMs: 1_700_000_000_000 + inputs * 7 });
        inputs++;
      }
      await producer.flush();
      await pause(10);
    });
    for (let round = 0; round < KILLS; round++) {
      await reach(followers, Math.max(...followers.map(({ seen }) => seen.length)) + 1);
      await pause(random() * 300); // the moment of the kill, anywhere in the life of a transaction
      await kill();
      await startEngine();
    }
    await writer.stop();
    await producer.close();
    await reach(followers, inputs);

    await ksql(program('_AGAIN'), AT_LEAST_ONCE);
    const uninterrupted = await follow('_AGAIN');
    await reach(uninterrupted, inputs);
    await Promise.all([...followers, ...uninterrupted].map((follower) => follower.close()));
    // Every input makes one row in each sink.
    for (const [at, { seen }] of followers.entries()) {
      expect(seen).toHaveLength(inputs);
      expect(seen).toEqual(uninterrupted[at]?.seen);
    }
  }, 180_000);
}
