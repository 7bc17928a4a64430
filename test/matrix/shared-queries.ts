import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { KafkaAccess, KafkaClient, KafkaRecord, RecordProducer } from '../../src/clients/kafka/contract.js';
import { pause, waitUntil } from '../../src/support/retry.js';
import { Follower, repeatedly } from '../support/follower.js';
import { forkServer } from '../support/fork-server.js';
import { seeded } from '../support/seeded.js';

const ENTRY = fileURLToPath(new URL('../../dist/embedded/ksqldb/process.js', import.meta.url));
const SEED = Number(process.env.EVPIPE_SEED ?? 14);
const PARTITIONS = 4;
const KEYS = 20;
/** Some writes fall into each transaction; more of them would only be more work for five queries and, afterwards, five more. */
const BETWEEN_WRITES_MS = 40;
const WRITTEN_AT_ONCE = 8;
/** Of now: half a minute after its start a real broker deletes what is older than the topics' retention. */
const START_MS = Date.now();
const AT_LEAST_ONCE = { 'auto.offset.reset': 'earliest' };
const EXACTLY_ONCE = { 'auto.offset.reset': 'earliest', 'processing.guarantee': 'exactly_once_v2' };

interface Broker {
  readonly access: KafkaAccess;
  stop(): Promise<void>;
}

interface Engine {
  readonly process: ChildProcess;
  readonly address: string;
}

interface Row {
  readonly partition: number;
  readonly key: string;
  readonly text: string;
}

/** What each key came to, in order; rows of different keys have none. */
function byKey(rows: readonly Row[]): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const { partition, key, text } of rows) {
    const name = `${partition} ${key}`;
    keys.set(name, [...(keys.get(name) ?? []), text]);
  }
  return keys;
}

/** Each row once, where it was first. */
const distinct = (rows: readonly Row[]): Row[] => [
  ...new Map(rows.map((row) => [JSON.stringify(row), row] as const)).values(),
];

const last = (rows: readonly Row[]): Map<string, string> => new Map(rows.map(({ key, text }) => [key, text]));

/** Engines of one service that share its queries, on any broker. */
export function sharedQueries(startBroker: (dataDir: string) => Promise<Broker>): void {
  let folder: string;
  let broker: Broker;
  let kafka: KafkaClient;
  const engines: Engine[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evpipe-engines-'));
    broker = await startBroker(folder);
    kafka = connectKafka({ ...broker.access, clientId: 'test' });
  });

  afterAll(async () => {
    await Promise.all(engines.map(kill));
    await kafka.close();
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function startEngine(serviceId: string, isShared = true): Promise<Engine> {
    const port = await getPort({ host: '127.0.0.1' });
    const options = { host: '127.0.0.1', port, kafka: broker.access, isShared };
    const engine = { process: forkServer(ENTRY, { ...options, serviceId }), address: `127.0.0.1:${port}` };
    engines.push(engine);
    await new Promise((resolve, reject) => {
      engine.process.once('message', resolve);
      engine.process.once('exit', (code) => reject(new Error(`the engine ended with ${code}`)));
    });
    return engine;
  }

  async function kill({ process: child }: Engine): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers are JSON of many shapes
  async function ask({ address }: Engine, path: string, body?: unknown): Promise<any> {
    const response = await fetch(`http://${address}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json', accept: 'application/json' },
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer;
  }

  const ksql = (engine: Engine, statements: string, streamsProperties: Record<string, string> = {}) =>
    ask(engine, '/ksql', { ksql: statements, streamsProperties });

  const pull = async (engine: Engine, sql: string): Promise<unknown[]> =>
    (await ask(engine, '/query-stream', { sql, properties: {} })).slice(1);

  /** By engine, the partitions whose state it holds for the table of a name that begins so. */
  async function held(engine: Engine, query: string): Promise<number[][]> {
    const { clusterStatus } = await ask(engine, '/clusterStatus');
    return engines
      .filter(({ address }) => clusterStatus[address]?.hostAlive)
      .map(({ address }) => {
        const ofQuery = Object.entries(clusterStatus[address].activeStandbyPerQuery).find(([id]) =>
          id.startsWith(query),
        );
        const { activePartitions = [] } = (ofQuery?.[1] ?? {}) as { activePartitions?: { partition: number }[] };
        return activePartitions.map(({ partition }) => partition);
      });
  }

  /** The groups of COUNTED lie by S's own key, those of TENS by another one. */
  async function isDivided(engine: Engine, among: number): Promise<void> {
    for (const query of ['CTAS_COUNTED_', 'CTAS_TENS_']) {
      await waitUntil(
        `the partitions of ${query} to be divided among ${among} engines`,
        async () => {
          const partitions = await held(engine, query);
          const all = partitions.flat().sort();
          return partitions.length === among &&
            partitions.every((each) => each.length >= Math.floor(PARTITIONS / among)) &&
            String(all) === '0,1,2,3'
            ? true
            : undefined;
        },
        { timeoutMs: 60_000 },
      );
    }
  }

  const topologyOf = async (engine: Engine, statement: string): Promise<string> =>
    (await ksql(engine, statement))[0].queryDescription.topology;

  const namesOf = async (engine: Engine, statement: string): Promise<string[]> =>
    (await ksql(engine, statement))[0].topics.map(({ name }: { name: string }) => name);

  const SINKS = ['DOUBLED', 'COUNTED', 'SUMMED', 'NAMED', 'TENS'] as const;

  const program = (suffix: string) => `
    CREATE STREAM DOUBLED${suffix} AS SELECT K, A * 2 AS B FROM S WHERE A >= 0;
    CREATE TABLE COUNTED${suffix} AS SELECT K, COUNT(*) AS N, SUM(A) AS TOTAL FROM S GROUP BY K;
    CREATE TABLE SUMMED${suffix} AS SELECT K, SUM(A) AS TOTAL FROM S WINDOW TUMBLING (SIZE 1 SECONDS) GROUP BY K;
    CREATE STREAM NAMED${suffix} AS SELECT S.K AS K, A, NAME FROM S JOIN T ON S.K = T.K;
    CREATE TABLE TENS${suffix} AS SELECT A / 100 AS TEN, COUNT(*) AS N FROM S GROUP BY A / 100;`;

  const rowOf = ({ partition, key, value, timestampMs }: KafkaRecord): Row => ({
    partition,
    key: key?.toString('latin1') ?? '',
    text: `${value?.toString()} @${timestampMs}`,
  });

  const follow = (suffix: string) => Promise.all(SINKS.map((sink) => Follower.of(kafka, `${sink}${suffix}`, rowOf)));

  const reach = (followers: readonly Follower<Row>[], count: number) =>
    waitUntil(
      () => `${count} rows, ${followers.map(({ seen }) => seen.length)} are there`,
      async () => (followers.every(({ seen }) => seen.length >= count) ? true : undefined),
      { timeoutMs: 90_000 },
    );

  /** Two engines of a service with a program over S and T, and the names of the keys in T. */
  async function startProgram(
    { serviceId, topics, suffix }: { serviceId: string; topics: readonly [s: string, t: string]; suffix: string },
    producer: RecordProducer,
    guarantee: Record<string, string>,
  ) {
    const first = await startEngine(serviceId);
    const second = await startEngine(serviceId);
    const [s, t] = topics.map(
      (topic) => `WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON', PARTITIONS=${PARTITIONS})`,
    );
    await ksql(first, `CREATE STREAM S (K STRING KEY, A INT) ${s};`);
    // The second one knows of S as soon as it has a statement of its own, and its statements take effect on the first.
    await ksql(second, `CREATE TABLE T (K STRING PRIMARY KEY, NAME STRING) ${t};`);
    for (let key = 0; key < KEYS; key++) {
      const value = Buffer.from(JSON.stringify({ NAME: `name of ${key}` }));
      producer.append({ topic: topics[1], key: Buffer.from(`k${key}`), value, timestampMs: START_MS - 1 });
    }
    await producer.flush();
    await ksql(first, program(suffix), guarantee);
    await isDivided(first, 2);
    await isDivided(second, 2);
    return { first, second };
  }

  /** Writes to a topic until it is stopped; `counts` says how much of each key. */
  function write(topic: string, producer: RecordProducer, random: () => number) {
    const written = { inputs: 0, counts: new Map<string, number>() };
    const { stop } = repeatedly(async () => {
      for (let left = Math.ceil(random() * WRITTEN_AT_ONCE); left > 0; left--) {
        const key = `k${Math.floor(random() * KEYS)}`;
        const value = Buffer.from(JSON.stringify({ A: Math.floor(random() * 1000) }));
        producer.append({ topic, key: Buffer.from(key), value, timestampMs: START_MS + written.inputs * 7 });
        written.counts.set(key, (written.counts.get(key) ?? 0) + 1);
        written.inputs++;
      }
      await producer.flush();
      await pause(BETWEEN_WRITES_MS);
    });
    return { written, stop };
  }

  const countsOf = (engine: Engine, table: string, inputs: number): Promise<Map<string, number>> =>
    waitUntil(
      'the counts of all inputs',
      async () => {
        const rows = (await pull(engine, `SELECT K, N FROM ${table};`)) as [string, number][];
        return rows.reduce((sum, [, n]) => sum + n, 0) === inputs ? new Map(rows) : undefined;
      },
      { timeoutMs: 20_000 },
    );

  it(`divides queries among engines, and makes what an uninterrupted run makes though one is killed, one added and one held up (seed ${SEED})`, async () => {
    const producer = kafka.producer();
    const place = { serviceId: 'shop_', topics: ['s', 't'], suffix: '' } as const;
    const { first, second } = await startProgram(place, producer, EXACTLY_ONCE);
    const followers = await follow('');
    const { written, stop } = write('s', producer, seeded(SEED));
    await reach(followers, 200);
    await kill(second);
    const atKill = written.inputs;
    await expect(pull(first, 'SELECT * FROM COUNTED;')).rejects.toThrow(/Unable to execute pull query\. Partition \d/);
    await isDivided(first, 1);
    await reach(followers, atKill);
    const third = await startEngine('shop_');
    await isDivided(third, 2);
    await reach(followers, atKill + 200);
    // One that is only held up for too long must commit nothing of what another one has taken over meanwhile.
    third.process.kill('SIGSTOP');
    await isDivided(first, 1);
    const atReturn = written.inputs;
    await reach(followers, atReturn);
    third.process.kill('SIGCONT');
    await isDivided(third, 2);
    await reach(followers, atReturn + 100);
    await stop();
    await producer.close();
    const { inputs, counts } = written;
    await reach(followers, inputs);

    // Each engine answers for all.
    for (const engine of [first, third]) {
      expect(await countsOf(engine, 'COUNTED', inputs)).toEqual(counts);
      for (const [key, n] of counts) {
        expect(await pull(engine, `SELECT N FROM COUNTED WHERE K = '${key}';`)).toEqual([[n]]);
      }
      expect(await pull(engine, 'SELECT K FROM COUNTED LIMIT 3;')).toHaveLength(3);
    }

    await ksql(third, program('_AGAIN'), EXACTLY_ONCE);
    const uninterrupted = await follow('_AGAIN');
    await reach(uninterrupted, inputs);
    await Promise.all([...followers, ...uninterrupted].map((follower) => follower.close()));
    for (const [at, { seen }] of followers.entries()) {
      const expected = uninterrupted[at]?.seen ?? [];
      expect(seen).toHaveLength(inputs);
      // Which group's row comes first depends on how partitions are read, where a query is not divided by them.
      if (SINKS[at] === 'TENS') expect(last(seen)).toEqual(last(expected));
      else expect(byKey(seen)).toEqual(byKey(expected));
    }

    // Between its two parts, the rows of TENS lie in a topic that is nobody else's, until they are done with.
    const between = (await namesOf(first, 'SHOW ALL TOPICS;')).filter((name) => name.endsWith('-repartition'));
    expect(between).toEqual([
      expect.stringMatching(/^_confluent-ksql-shop_query_CTAS_TENS_\d+-Aggregate-GroupBy-repartition$/),
      expect.stringMatching(/^_confluent-ksql-shop_query_CTAS_TENS_AGAIN_\d+-Aggregate-GroupBy-repartition$/),
    ]);
    expect((await namesOf(first, 'SHOW TOPICS;')).filter((name) => name.startsWith('_'))).toEqual([]);
    const [topic = ''] = between;
    const starts = await kafka.offsets(topic, 'earliest');
    expect(starts).toHaveLength(PARTITIONS);
    expect(starts.some(({ offset }) => offset > 0n)).toBe(true);
    const query = topic.replace(/^.*_query_|-Aggregate.*$/g, '');
    expect(await topologyOf(first, `EXPLAIN ${query};`)).toContain(`(topic: ${topic})`);

    const asked = 'EXPLAIN CREATE TABLE O AS SELECT A, COUNT(*) AS N FROM S GROUP BY A;';
    expect(await topologyOf(first, asked)).toContain('(topic: Aggregate-GroupBy-repartition)');

    // One engine alone gathers the same rows without it.
    const alone = await startEngine('alone_', false);
    await ksql(alone, `CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');`);
    await ksql(alone, `${program('_ALONE').split(';').at(-2)};`, AT_LEAST_ONCE);
    expect(await topologyOf(alone, asked)).not.toContain('GroupBy-repartition');
    const undivided = await Follower.of(kafka, 'TENS_ALONE', rowOf);
    await reach([undivided], inputs);
    await undivided.close();
    expect(last(followers[SINKS.indexOf('TENS')]?.seen ?? [])).toEqual(last(undivided.seen));
    expect((await namesOf(alone, 'SHOW ALL TOPICS;')).filter((name) => name.endsWith('-repartition'))).toEqual(between);
    await ksql(alone, 'TERMINATE ALL;');

    // What ends on one engine is over on all, and leaves nothing.
    await ksql(third, 'DROP TABLE COUNTED DELETE TOPIC; TERMINATE ALL;');
    await waitUntil(
      'the first engine to have no query',
      async () => ((await ksql(first, 'LIST QUERIES;'))[0].queries.length === 0 ? true : undefined),
      { timeoutMs: 20_000 },
    );
    let internal: readonly string[] = [];
    await waitUntil(
      () => `the topics of queries to go, ${internal} are there`,
      async () => {
        const names = (await kafka.listTopics()).map(({ name }) => name);
        internal = names.filter((name) => /-(changelog|repartition)$/.test(name));
        return internal.length === 0 ? true : undefined;
      },
      { timeoutMs: 20_000 },
    );
  }, 400_000);

  it('goes on where others got to, after an engine was held up while it had nothing to do', async () => {
    const producer = kafka.producer();
    const place = { serviceId: 'shift_', topics: ['shifts', 'staff'], suffix: '_SHIFT' } as const;
    const { first, second } = await startProgram(place, producer, EXACTLY_ONCE);
    const followers = await follow('_SHIFT');
    let inputs = 0;
    const write = async () => {
      for (let at = 0; at < 5 * KEYS; at++, inputs++) {
        const [key, value] = [Buffer.from(`k${at % KEYS}`), Buffer.from(JSON.stringify({ A: at }))];
        producer.append({ topic: 'shifts', key, value, timestampMs: START_MS + inputs });
      }
      await producer.flush();
      await reach(followers, inputs);
    };
    await write();
    second.process.kill('SIGSTOP');
    await isDivided(first, 1);
    await write();
    second.process.kill('SIGCONT');
    await isDivided(second, 2);
    await write();
    await producer.close();
    const counts = await countsOf(second, 'COUNTED_SHIFT', inputs);
    expect([...counts.values()]).toEqual(Array(KEYS).fill(inputs / KEYS));
    for (const { seen } of followers) expect(seen).toHaveLength(inputs);
    await Promise.all(followers.map((follower) => follower.close()));
  }, 400_000);

  it(`makes each row at least once, and counts each input once, though engines are killed (seed ${SEED})`, async () => {
    const random = seeded(SEED + 1);
    const producer = kafka.producer();
    const place = { serviceId: 'store_', topics: ['sales', 'names'], suffix: '_LEAST' } as const;
    const { first, second } = await startProgram(place, producer, AT_LEAST_ONCE);
    const followers = await follow('_LEAST');
    const { written, stop } = write('sales', producer, random);
    await reach(followers, 200);
    await pause(random() * 300); // the moment of the kill, anywhere between two commits
    await kill(second);
    const third = await startEngine('store_');
    await isDivided(third, 2);
    await reach(followers, written.inputs);
    await pause(random() * 300);
    await kill(first);
    await isDivided(third, 1);
    await stop();
    await producer.close();
    const { inputs, counts } = written;
    expect(await countsOf(third, 'COUNTED_LEAST', inputs)).toEqual(counts);

    await ksql(third, program('_LEAST_AGAIN'), AT_LEAST_ONCE);
    const uninterrupted = await follow('_LEAST_AGAIN');
    await reach(uninterrupted, inputs);
    await waitUntil(
      'every row to be there at least once',
      async () => {
        const complete = followers.filter(({ seen }, at) => SINKS[at] === 'TENS' || distinct(seen).length >= inputs);
        return complete.length === SINKS.length ? true : undefined;
      },
      { timeoutMs: 60_000 },
    );
    for (const [at, { seen }] of followers.entries()) {
      const expected = uninterrupted[at]?.seen ?? [];
      if (SINKS[at] !== 'TENS') expect(byKey(distinct(seen)), SINKS[at]).toEqual(byKey(expected));
    }
    const tens = SINKS.indexOf('TENS');
    await waitUntil(
      'the last count of each ten',
      async () => {
        const [found, expected] = [followers, uninterrupted].map((each) => last(each[tens]?.seen ?? []));
        return isDeepStrictEqual(found, expected) ? true : undefined;
      },
      { timeoutMs: 60_000 },
    );
    await Promise.all([...followers, ...uninterrupted].map((follower) => follower.close()));
  }, 400_000);
}
