import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import { Stores } from '../../../src/embedded/connect/worker/stores.js';
import { startKafka } from '../../../src/embedded/kafka/index.js';
import { CommandLog } from '../../../src/embedded/ksqldb/command-log.js';
import { schemaRecord } from '../../../src/embedded/schema-registry/schemas-topic.js';
import { startSchemaRegistry } from '../../../src/embedded/schema-registry/server.js';
import type { OperationEvent } from '../../../src/kinds/events.js';
import { ledgerIn } from '../../../src/kinds/ledger/ledger.js';
import { topicStore } from '../../../src/kinds/ledger/topic-store.js';
import { Lifetime } from '../../../src/support/lifetime.js';
import { lineLog } from '../../../src/support/log.js';

type Entry = readonly [key: string | null, value: string | null];

const life = new Lifetime();
let kafka: KafkaClient;
let bootstrapServers: string;
beforeAll(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'evpipe-foreign-'));
  life.onEnd(() => rm(dataDir, { recursive: true, force: true }));
  const broker = await startKafka({ dataDir });
  life.onEnd(() => broker.stop());
  ({ bootstrapServers } = broker);
  kafka = connectKafka({ bootstrapServers, clientId: 'test' });
  life.onEnd(() => kafka.close());
});
afterAll(() => life.end());

/** To a topic of one partition, so that entry 0 has offset 0. */
async function write(topic: string, entries: readonly Entry[]): Promise<void> {
  if ((await kafka.describeTopic(topic)) === undefined) await kafka.createTopic({ name: topic, partitions: 1 });
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text));
  const producer = kafka.producer();
  await producer.send(entries.map(([key, value]) => ({ topic, partition: 0, key: bytes(key), value: bytes(value) })));
  await producer.close();
}

function listener() {
  const lines: string[] = [];
  const log = lineLog((line) => lines.push(line));
  /** Where records were skipped, and why. */
  const skipped = () =>
    lines.flatMap((line) => {
      const [, at, why] = / WARN {2}skipped a record that can't be read {2}at=(\S+) {2}why=(.*)\n$/.exec(line) ?? [];
      return at === undefined ? [] : [`${at} ${why}`];
    });
  return { log, lines, skipped };
}

/** Deep enough to overflow the stack of whatever walks it, and large. */
const DEEP = '['.repeat(200_000) + ']'.repeat(200_000);

describe('records that a server did not write into the topic of its state', () => {
  it('are skipped by the worker, which says where they are and nothing of what is in them', async () => {
    const config = { 'connector.class': 'a.B', password: 'hush' };
    await write('connect-configs', [
      ['connector-good', JSON.stringify({ properties: config })],
      ['connector-cut', '{"properties":{"password":"hush'],
      ['connector-deep', DEEP],
      ['connector-empty', '{}'],
      ['connector-numbers', '{"properties":{"tasks.max":1}}'],
      [null, 'hush'],
      ['connector-good', 'hush'],
      ['target-state-good', '{"state":"ASLEEP"}'],
      ['session-key', '\u0000\u0001'],
    ]);
    await write('connect-offsets', [
      ['["good",{"server":"s"}]', '{"lsn":5}'],
      ['hush', '{"lsn":6}'],
      ['["good"]', '{"lsn":6}'],
      ['["good",{"server":"s"}]', `{"lsn":${DEEP}}`],
      ['["gone",{"server":"s"}]', null],
    ]);
    const { log, skipped, lines } = listener();
    const stores = await Stores.open(kafka, {}, log);
    life.onEnd(() => stores.close());
    expect([...stores.connectors()]).toEqual([['good', config]]);
    expect(stores.targetState('good')).toBe('STARTED');
    expect(stores.offsetsOf('good')).toEqual([{ partition: { server: 's' }, offset: { lsn: 5 } }]);
    expect(skipped().sort()).toEqual([
      'connect-configs-0@1 its value has no properties',
      'connect-configs-0@2 its value has no properties',
      'connect-configs-0@3 its value has no properties',
      'connect-configs-0@4 its value has properties that are not text',
      'connect-configs-0@5 it has no key',
      'connect-configs-0@6 its value has no properties',
      'connect-configs-0@7 its value is no state that a connector can be in',
      'connect-offsets-0@1 its key is not a connector and a partition',
      'connect-offsets-0@2 its key is not a connector and a partition',
      'connect-offsets-0@3 its value is not an offset',
    ]);
    expect(lines.join('')).not.toContain('hush');
  });

  it('are skipped by the registry, which keeps the schemas before and after them', async () => {
    const more = { schema: '"string"', schemaType: 'AVRO', references: [], deleted: false } as const;
    const good = (version: number): Entry => {
      const { key, value } = schemaRecord({ subject: 's', version, id: version, ...more });
      return [key.toString(), String(value)];
    };
    const key = (more: object) => JSON.stringify({ keytype: 'SCHEMA', subject: 's', version: 2, magic: 1, ...more });
    const value = (more: object) => JSON.stringify({ subject: 's', version: 2, id: 2, schema: '"int"', ...more });
    await write('_schemas', [
      good(1),
      ['hush', null],
      [DEEP, null],
      [key({}), '{"subject":"s","version":2,"id":2,"schema":"hush'],
      [key({}), value({ id: 'two' })],
      [key({}), value({ version: 3 })],
      [key({}), value({ schemaType: 'COBOL' })],
      [key({}), value({ references: [{}] })],
      [key({ keytype: 'CONFIG' }), '{"compatibilityLevel":"SIDEWAYS"}'],
      [key({ keytype: 'EXPORTER' }), '{}'],
      [null, '{}'],
      good(3),
    ]);
    const { log, skipped, lines } = listener();
    const registry = await startSchemaRegistry({ host: '127.0.0.1', port: 0, bootstrapServers, log });
    life.onEnd(() => registry.stop());
    const answer = await fetch(`http://127.0.0.1:${registry.port}/subjects/s/versions`);
    expect(await answer.json()).toEqual([1, 3]);
    expect(skipped()).toEqual([
      '_schemas-0@1 its key is not a JSON object',
      '_schemas-0@2 its key is not a JSON object',
      '_schemas-0@3 its value is not a JSON object',
      '_schemas-0@4 its value is not a schema',
      '_schemas-0@5 its value is not a schema',
      '_schemas-0@6 its value is not a schema',
      '_schemas-0@7 its value is not a schema',
      '_schemas-0@8 its compatibilityLevel is unknown',
      '_schemas-0@9 the keytype of its key is unknown',
      '_schemas-0@10 its key is not a JSON object',
    ]);
    expect(lines.join('')).not.toContain('hush');
  });

  it.each([
    ['text that is not JSON', '"stream/B/create"', 'hush'],
    ['a key that is not JSON', 'hush', '{"statement":"A"}'],
    ['deep JSON', '"stream/B/create"', DEEP],
    ['no statement', '"stream/B/create"', '{}'],
    ['a newer version', '"stream/B/create"', '{"statement":"A","version":2}'],
  ])('end the commands of the engine, which refuses new ones as ksqlDB does: %s', async (name, key, value) => {
    const service = name.replaceAll(' ', '-');
    const topic = `_confluent-ksql-${service}_command_topic`;
    const whole = '{"statement":"CREATE STREAM A;","properties":{},"version":1}';
    await write(topic, [
      ['"stream/A/create"', whole],
      ['"stream/A/create"', null],
      [key, value],
      ['"stream/C/create"', whole],
    ]);
    const { log, lines } = listener();
    const commands = new CommandLog(kafka, service, log);
    expect(await commands.open()).toMatchObject([
      { id: 'stream/A/create', statement: 'CREATE STREAM A;', sequence: 0 },
    ]);
    await expect(commands.append('stream/D/create', { statement: 'A', properties: {}, version: 1 })).rejects.toThrow(
      `The server has encountered an incompatible entry in its log (${topic}-0@2) and cannot process further DDL`,
    );
    expect(lines.join('')).toContain(`at=${topic}-0@2`);
    expect(lines.join('')).not.toContain('hush');
  });

  it("are skipped in evpipe's ledger, where the newest note of evpipe's own counts", async () => {
    await write('_evpipe_shop', [
      ['topic/a', '{"made":true}'],
      ['topic/a', 'hush'],
      ['topic/b', DEEP],
      ['topic/c', 'null'],
      [null, 'hush'],
    ]);
    const events: OperationEvent[] = [];
    expect(await topicStore(kafka, 'shop', (event) => events.push(event)).read()).toEqual(
      new Map([['topic/a', { made: true }]]),
    );
    const notes = events.flatMap((event) => (event.kind === 'note' ? [`${event.level}: ${event.message}`] : []));
    expect(notes).toEqual(
      [1, 2, 3].map(
        (offset) =>
          `warning: skipped the record _evpipe_shop-0@${offset}: evpipe keeps its notes there and did not write it`,
      ),
    );
    const ledger = await ledgerIn(topicStore(kafka, 'shop', () => {}));
    expect(ledger.keys('topic/')).toEqual(['topic/a']);
    await ledger.close();
  });
});
