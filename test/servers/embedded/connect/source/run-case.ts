import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KafkaRecord } from '../../../../../src/clients/kafka/contract.js';
import { waitUntil } from '../../../../../src/support/retry.js';
import { type Told, told } from '../told.js';
import { isStreaming, type TestDatabase, type World } from '../world.js';

/** What happens to a connector and its database, in order. */
export type Step =
  | { readonly sql: string }
  /** A signal by another channel than the signal table. */
  | { readonly signal: 'kafka' | 'file'; readonly type: string; readonly data: object }
  /** Goes on once there are that many records. */
  | { readonly records: number };

/** One connector from its start; of what it writes, the real one's answer is recorded. */
export interface SourceCase {
  /** Run in a fresh database before the connector starts. */
  readonly before: readonly string[];
  /** PREFIX, KAFKA and FILE stand for the topic prefix, the brokers, and the file of signals. */
  readonly options: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** It ends after its snapshot: no slot to wait for. */
  readonly endsItself?: boolean;
}

/** Runs a case on a worker, and answers with all records of its topics, in the topics' order. */
export async function runCase(world: World, workerUrl: string, one: SourceCase): Promise<readonly Told[]> {
  const database = await world.database(...one.before);
  const folder = await mkdtemp(join(tmpdir(), 'evpipe-signals-'));
  const prefix = `case_${database.name}`;
  const file = join(folder, 'signals');
  await ask(`${workerUrl}/connectors/${prefix}/config`, 'PUT', configOf(world, database, one, file));
  try {
    if (one.endsItself !== true) await streaming(workerUrl, database, prefix);
    let records: readonly KafkaRecord[] = [];
    for (const step of one.steps) {
      if ('sql' in step) await database.client.query(step.sql);
      else if ('records' in step) records = await recordsOf(world, workerUrl, prefix, step.records);
      else await sendSignal(world, prefix, file, step);
    }
    return records.map((record) => masked(told(record, prefix, false), database.name));
  } finally {
    await ask(`${workerUrl}/connectors/${prefix}`, 'DELETE');
    await rm(folder, { recursive: true, force: true });
  }
}

function configOf(world: World, database: TestDatabase, one: SourceCase, file: string): Record<string, string> {
  const prefix = `case_${database.name}`;
  const placed = (value: string): string =>
    value.replaceAll('PREFIX', prefix).replaceAll('KAFKA', world.bootstrapServers).replaceAll('FILE', file);
  return {
    ...world.config(database),
    'topic.prefix': prefix,
    'slot.name': prefix,
    'publication.name': prefix,
    'heartbeat.interval.ms': '0',
    'slot.drop.on.stop': 'true',
    'signal.poll.interval.ms': '100',
    ...Object.fromEntries(Object.entries(one.options).map(([name, value]) => [name, placed(value)])),
  };
}

export async function ask(url: string, method: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function failIfFailed(workerUrl: string, prefix: string): Promise<void> {
  const status = (await ask(`${workerUrl}/connectors/${prefix}/status`, 'GET')) as {
    tasks?: Array<{ trace?: string }>;
  };
  const trace = status.tasks?.[0]?.trace;
  if (trace !== undefined) throw new Error(trace);
}

function streaming(workerUrl: string, database: TestDatabase, prefix: string): Promise<true> {
  return waitUntil(
    'the connector to stream',
    async () => {
      if (await isStreaming(database, prefix)) return true;
      await failIfFailed(workerUrl, prefix).catch((failure: Error) => {
        if (!/404/.test(failure.message)) throw failure;
      });
      return undefined;
    },
    { timeoutMs: 60_000 },
  );
}

async function recordsOf(
  world: World,
  workerUrl: string,
  prefix: string,
  count: number,
): Promise<readonly KafkaRecord[]> {
  let last: readonly KafkaRecord[] = [];
  await waitUntil(
    () => `${count} records: ${listed(last)}`,
    async () => {
      const topics = (await world.kafka.listTopics())
        .map((topic) => topic.name)
        .filter((topic) => topic.includes(prefix) && topic !== `${prefix}-signal`)
        .sort();
      last = (await Promise.all(topics.map((topic) => world.all(topic)))).flat();
      if (last.length < count) await failIfFailed(workerUrl, prefix);
      return last.length >= count ? true : undefined;
    },
    { timeoutMs: 60_000 },
  );
  // A number that is too small would compare whatever has come by now.
  if (last.length > count) throw new Error(`${last.length} records, ${count} are waited for: ${listed(last)}`);
  return last;
}

const listed = (records: readonly KafkaRecord[]): string =>
  [
    `${records.length} are there`,
    ...records.map(({ topic, value }) => `${topic} ${value?.toString().slice(0, 400)}`),
  ].join('\n');

async function sendSignal(
  world: World,
  prefix: string,
  file: string,
  { signal, type, data }: Extract<Step, { signal: string }>,
): Promise<void> {
  const text = JSON.stringify({ id: 'sent', type, data });
  if (signal === 'file') {
    await appendFile(file, `${text}\n`);
    return;
  }
  const topic = `${prefix}-signal`;
  if ((await world.kafka.describeTopic(topic)) === undefined)
    await world.kafka.createTopic({ name: topic, partitions: 1 });
  const producer = world.kafka.producer();
  await producer.send([{ topic, key: Buffer.from(prefix), value: Buffer.from(text) }]);
  await producer.close();
}

const RANDOM_ID = /\b(?!0{8})[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** Without the database's name, and the ids and times of signals and notifications. */
function masked(record: Told, database: string): Told {
  const text = JSON.stringify(record)
    .replaceAll(database, 'DATABASE')
    .replace(RANDOM_ID, 'UUID')
    .replace(/"timestamp":\d+/g, '"timestamp":0')
    .replace(/(WindowTimestamp\S* \S*?")[\dT:.-]+Z/g, '$1TIME');
  const { value, ...rest } = JSON.parse(text) as Told;
  return { ...rest, value: sortedMap(value) };
}

/** The additional data of a notification is a map of Java's, its tables a set: they have no order. */
function sortedMap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { payload, additional_data: data } = value as Record<string, unknown>;
  if (payload !== undefined) return { ...value, payload: sortedMap(payload) };
  if (typeof data !== 'object' || data === null) return value;
  const entries = Object.entries(data as Record<string, string>).map(([name, one]): [string, string] => [
    name,
    name === 'data_collections' ? one.split(',').sort().join(',') : one,
  ]);
  return { ...value, additional_data: Object.fromEntries(entries.sort()) };
}
