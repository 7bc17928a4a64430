import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../../src/clients/kafka/contract.js';
import { OPTIONAL_INT64, STRING } from '../../../../src/embedded/connect/data/schema.js';
import type { SourceConnectorPlugin } from '../../../../src/embedded/connect/worker/plugin.js';
import { SourceRunner } from '../../../../src/embedded/connect/worker/source-runner.js';
import type { SourceItem, SourceTask } from '../../../../src/embedded/connect/worker/source-task.js';
import { Stores } from '../../../../src/embedded/connect/worker/stores.js';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { startSchemaRegistry } from '../../../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../../../src/support/lifetime.js';
import { type Log, lineLog, silentLog } from '../../../../src/support/log.js';
import { waitUntil } from '../../../../src/support/retry.js';

const PARTITION = { server: 'counter' };

/** A source of numbers that a test pushes one by one. */
class Counter implements SourceTask {
  private readonly waiting: Array<(items: readonly SourceItem[]) => void> = [];
  private readonly items: SourceItem[] = [];
  private ended = false;

  constructor(private readonly flushed: (place: number) => void = () => {}) {}

  push(place: number, partial = false): void {
    const record = {
      topic: 'counted',
      partition: undefined,
      keySchema: STRING,
      key: 'k',
      valueSchema: OPTIONAL_INT64,
      value: place,
      timestampMs: undefined,
      headers: [],
    };
    this.items.push({ record, partition: PARTITION, place: { place }, partial });
    this.waiting.shift()?.(this.items.splice(0));
  }

  async start(): Promise<void> {}

  offsetOf(item: SourceItem) {
    const { place } = item.place as { place: number };
    this.flushed(place);
    return { place };
  }

  poll(): Promise<readonly SourceItem[]> {
    if (this.items.length > 0) return Promise.resolve(this.items.splice(0));
    if (this.ended) return Promise.resolve([]);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  committed(): void {}

  async stop(): Promise<void> {
    this.ended = true;
    this.waiting.shift()?.([]);
  }
}

const plugin = (task: SourceTask): SourceConnectorPlugin => ({
  kind: 'source',
  className: 'Counter',
  meaning: 'A source of this test.',
  aliases: [],
  version: '1',
  options: [],
  modernise: (config) => ({ config, warnings: [] }),
  validate: async () => [],
  createTask: () => task,
});

const life = new Lifetime();
let kafka: KafkaClient;
let stores: Stores;
let bootstrapServers: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evpipe-runner-'));
  life.onEnd(() => rm(folder, { recursive: true, force: true }));
  const broker = await startKafka({ dataDir: folder });
  life.onEnd(() => broker.stop());
  bootstrapServers = broker.bootstrapServers;
  kafka = connectKafka({ bootstrapServers, clientId: 'test' });
  life.onEnd(() => kafka.close());
  stores = await Stores.open(kafka, {}, silentLog);
  life.onEnd(() => stores.close());
});
afterAll(() => life.end());

interface OtherWorker {
  readonly stores?: Stores;
  readonly config?: Record<string, string>;
  readonly log?: Log;
}

function run(
  name: string,
  task: SourceTask,
  config: Record<string, string>,
  flushMs: number,
  worker: OtherWorker = {},
) {
  const failures: unknown[] = [];
  const context = {
    kafka,
    stores: worker.stores ?? stores,
    log: worker.log ?? silentLog,
    clock: Date.now,
    random: Math.random,
    workerConfig: {
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      ...worker.config,
    },
    offsetFlushIntervalMs: flushMs,
    checkMembership: () => {},
  };
  const runner = new SourceRunner(name, plugin(task), config, context, (failure) => failures.push(failure));
  return { runner, failures };
}

describe('a source task', () => {
  it('stores the newest offset when it is stopped while a flush is under way', async () => {
    let stopped: Promise<void> | undefined;
    // The flush of 1 has read its offset and not stored it yet: 2 is written and the task stopped in that moment.
    const task = new Counter((place) => {
      if (place !== 1) return;
      task.push(2);
      stopped = runner.stop();
    });
    const { runner } = run('stopped', task, {}, 20);
    await runner.start();
    task.push(1);
    await waitUntil('the task to be stopped', async () => (stopped === undefined ? undefined : true), {
      timeoutMs: 10_000,
    });
    await stopped;
    expect(stores.offsetsOf('stopped').map((stored) => stored.offset)).toEqual([{ place: 2 }]);
  });

  it('stores no offset of a change whose records are not all written: who resumed there would miss the rest', async () => {
    const task = new Counter();
    const { runner } = run('partial', task, {}, 60_000);
    await runner.start();
    task.push(1);
    task.push(2, true);
    await runner.stop();
    expect(stores.offsetsOf('partial').map((stored) => stored.offset)).toEqual([{ place: 1 }]);
  });

  it('that delivers exactly once is fenced by the next one of its name, which knows what it has stored', async () => {
    const exactlyOnce = { 'exactly.once.source.support': 'enabled', 'group.id': 'g' };
    const elsewhere = await Stores.open(kafka, {}, silentLog);
    life.onEnd(() => elsewhere.close());
    const task = new Counter();
    const zombie = run('fenced', task, {}, 60_000, { config: exactlyOnce });
    await zombie.runner.start();
    task.push(1);
    const stored = await waitUntil('the offset', async () => stores.offsetsOf('fenced')[0], { timeoutMs: 10_000 });
    expect(elsewhere.offsetsOf('fenced')).toEqual([]);
    const next = run('fenced', new Counter(), {}, 60_000, { config: exactlyOnce, stores: elsewhere });
    await next.runner.start();
    expect(elsewhere.offsetsOf('fenced')).toEqual([stored]);
    task.push(2);
    const failure = await waitUntil('the failure', async () => zombie.failures[0], { timeoutMs: 10_000 });
    expect(String(failure)).toMatch(/PRODUCER_FENCED|INVALID_PRODUCER_EPOCH/);
    await zombie.runner.stop();
    await next.runner.stop();
    expect(stores.offsetsOf('fenced')).toEqual([stored]);
  });

  it.each([
    [
      'true',
      /^a record was skipped {2}connector=tolerant {2}why=Timestamp missing on record: counted {2}record=.*key: 'k', value: 7/,
    ],
    ['false', /^a record was skipped {2}connector=tolerant {2}why=Timestamp missing on record: counted$/],
  ])('says of a record that it skips what errors.log.include.messages=%s asks for', async (included, expected) => {
    const said: string[] = [];
    const log = lineLog((line) => said.push(line.replace(/^\S+ WARN +/, '').trimEnd()));
    const task = new Counter();
    const config = {
      transforms: 'time',
      'transforms.time.type': 'org.apache.kafka.connect.transforms.TimestampRouter',
      'errors.tolerance': 'all',
      'errors.log.include.messages': included,
    };
    const { runner, failures } = run('tolerant', task, config, 20, { log });
    await runner.start();
    task.push(7);
    const line = await waitUntil('the line', async () => said[0], { timeoutMs: 10_000 });
    await runner.stop();
    expect(line).toMatch(expected);
    expect(failures).toEqual([]);
  });

  it('waits for a schema registry that does not answer, and then goes on', async () => {
    // It answers 503 until there is a registry behind it.
    let registryUrl: string | undefined;
    let refused = 0;
    const front: Server = createServer(async (request, response) => {
      if (registryUrl === undefined) {
        refused++;
        response.writeHead(503).end('{"error_code":50003,"message":"no leader"}');
        return;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const answer = await fetch(registryUrl + request.url, {
        method: request.method ?? 'GET',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: Buffer.concat(chunks),
      });
      response.writeHead(answer.status).end(await answer.text());
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    life.onEnd(async () => {
      front.closeAllConnections();
      front.close();
    });
    const task = new Counter();
    const { runner, failures } = run(
      'outage',
      task,
      {
        'value.converter': 'io.confluent.connect.avro.AvroConverter',
        'value.converter.schema.registry.url': `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
      },
      100,
    );
    await runner.start();
    task.push(1);
    // One conversion asks four times: from the fifth on it is the worker that tries again.
    await waitUntil('the worker to try again', async () => (refused > 4 ? true : undefined), { timeoutMs: 10_000 });
    expect(failures).toEqual([]);
    const registry = await startSchemaRegistry({ host: '127.0.0.1', port: 0, bootstrapServers, log: silentLog });
    life.onEnd(() => registry.stop());
    registryUrl = `http://127.0.0.1:${registry.port}`;
    await waitUntil('the offset to be stored', async () => stores.offsetsOf('outage')[0], { timeoutMs: 10_000 });
    await runner.stop();
    expect(failures).toEqual([]);
  });
});
