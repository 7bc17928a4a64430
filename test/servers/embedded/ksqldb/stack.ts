import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClient, KafkaRecord } from '../../../../src/clients/kafka/contract.js';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../../../src/embedded/ksqldb/server.js';
import { startSchemaRegistry } from '../../../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../../../src/support/lifetime.js';
import { silentLog } from '../../../../src/support/log.js';
import { waitUntil } from '../../../../src/support/retry.js';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are JSON of many shapes, and tests look into all of them
  readonly body: any;
}

/** A broker, a registry and an engine on free ports, with what tests ask of them. */
export interface KsqlStack {
  readonly kafka: KafkaClient;
  readonly registryUrl: string;
  url(): string;
  ksql(sql: string, properties?: Record<string, unknown>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
  produce(
    topic: string,
    records: ReadonlyArray<readonly [key: string | null, value: string | null, timestampMs?: number]>,
  ): Promise<void>;
  /** Waits until the topic holds so many records. */
  consume(topic: string, count: number): Promise<KafkaRecord[]>;
  /** Stops the engine and starts another; what is given happens in between. */
  restart(between?: () => Promise<void>): Promise<void>;
  stopRegistry(): Promise<void>;
  /** At the same address. */
  startRegistry(): Promise<void>;
  end(): Promise<void>;
}

export async function startStack(
  options: { connect?: { readonly url: string }; isShared?: boolean } = {},
): Promise<KsqlStack> {
  const lifetime = new Lifetime();
  const dataDir = await mkdtemp(join(tmpdir(), 'evpipe-ksqldb-'));
  lifetime.onEnd(() => rm(dataDir, { recursive: true, force: true }));
  const broker = await startKafka({ dataDir });
  lifetime.onEnd(() => broker.stop());
  const { bootstrapServers } = broker;
  const registryAt = (port: number) =>
    startSchemaRegistry({ host: '127.0.0.1', port, bootstrapServers, log: silentLog });
  let registry = await registryAt(0);
  lifetime.onEnd(() => registry.stop());
  const registryUrl = `http://127.0.0.1:${registry.port}`;
  const startEngine = () =>
    startKsqldb({
      host: '127.0.0.1',
      port: 0,
      kafka: { bootstrapServers },
      schemaRegistry: { url: registryUrl },
      log: silentLog,
      ...options,
    });
  let engine = await startEngine();
  lifetime.onEnd(() => engine.stop());
  const kafka = connectKafka({ bootstrapServers, clientId: 'test' });
  lifetime.onEnd(() => kafka.close());
  const url = () => `http://127.0.0.1:${engine.port}`;
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url()}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  };
  return {
    kafka,
    registryUrl,
    url,
    post,
    async ksql(sql, properties = {}) {
      const { status, text } = await post('/ksql', { ksql: sql, streamsProperties: properties });
      return { status, body: JSON.parse(text) };
    },
    async produce(topic, records) {
      const producer = kafka.producer();
      const bytes = (text: string | null) => (text === null ? null : Buffer.from(text));
      await producer.send(
        records.map(([key, value, timestampMs]) => ({ topic, key: bytes(key), value: bytes(value), timestampMs })),
      );
      await producer.close();
    },
    consume: (topic, count) => consume(kafka, topic, count),
    async restart(between) {
      await engine.stop();
      await between?.();
      engine = await startEngine();
    },
    stopRegistry: () => registry.stop(),
    async startRegistry() {
      registry = await registryAt(registry.port);
    },
    end: () => lifetime.end(),
  };
}

async function consume(kafka: KafkaClient, topic: string, count: number): Promise<KafkaRecord[]> {
  await waitUntil(
    `${count} records in ${topic}`,
    async () => {
      const ends = await kafka.offsets(topic, 'latest');
      return ends.reduce((sum, { offset }) => sum + Number(offset), 0) >= count ? true : undefined;
    },
    { timeoutMs: 20_000 },
  );
  const reader = kafka.reader({ from: await kafka.offsets(topic, 'earliest') });
  const records: KafkaRecord[] = [];
  try {
    for await (const batch of reader) {
      records.push(...batch.records);
      if (records.length >= count) break;
    }
  } finally {
    await reader.close();
  }
  return records;
}

/** The lines that come back. */
export async function linesByHttp2(stack: KsqlStack, path: string, chunks: readonly string[]): Promise<unknown[]> {
  const session = connect(stack.url());
  try {
    const request = session.request({ ':method': 'POST', ':path': path });
    for (const chunk of chunks) request.write(chunk);
    request.end();
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    return text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  } finally {
    session.close();
  }
}
