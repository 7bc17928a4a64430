import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import { connectSchemaRegistry } from '../../../src/clients/schema-registry/client.js';
import { startSchemaRegistry } from '../../../src/embedded/schema-registry/server.js';
import { silentLog } from '../../../src/support/log.js';
import { type Ran, runIn } from '../../support/command-line.js';
import { openShop, type Shop } from './shop.js';

let shop: Shop;

beforeAll(async () => {
  shop = await openShop();
});

afterAll(() => shop?.stop());

const run = (...argv: string[]): Promise<Ran> => runIn(shop.folder, shop.env, ...argv, '--target', 'test');

function lines(...records: readonly unknown[]): string {
  writeFileSync(join(shop.folder, 'records.jsonl'), records.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return 'records.jsonl';
}

describe('evpipe produce', () => {
  it('writes keys, headers and tombstones, and takes back what tail prints', async () => {
    const file = lines(
      { key: 'a', value: { item: 'tea' }, headers: { source: 'me' }, partition: 0 },
      {
        key: 'a',
        value: null,
        headers: [
          ['twice', '1'],
          ['twice', null],
        ],
        partition: 0,
      },
    );
    expect(await run('produce', 'orders', file)).toMatchObject({ code: 0, err: '2 records written to orders.\n' });
    const first = (await run('tail', 'orders', '-e', '-p', '0', '-o', 'json')).out;
    writeFileSync(join(shop.folder, 'again.jsonl'), first);
    expect((await run('produce', 'orders', 'again.jsonl')).code).toBe(0);
    const all = (await run('tail', 'orders', '-e', '-p', '0', '-o', 'json')).out.trim().split('\n');
    const records = all.map((line) => JSON.parse(line) as Record<string, unknown>);
    const shown = ({ key, value, headers }: Record<string, unknown>) => ({ key, value, headers });
    expect(records.slice(2).map(shown)).toEqual(records.slice(0, 2).map(shown));
    expect(records.slice(0, 2).map(shown)).toEqual([
      { key: 'a', value: { item: 'tea' }, headers: [['source', 'me']] },
      {
        key: 'a',
        value: null,
        headers: [
          ['twice', '1'],
          ['twice', null],
        ],
      },
    ]);
  });

  it('takes whole lines as values, with the key from a field', async () => {
    const file = lines({ id: 7, item: 'milk' });
    expect((await run('produce', 'orders', file, '--values', '--key-field', 'id', '-o', 'json')).out).toBe(
      '{"topic":"orders","records":1,"subjects":[]}\n',
    );
    expect((await run('tail', 'orders', '-e', '--filter', 'milk', '-o', 'json')).out).toContain('"key":7');
  });

  it('names the line that is wrong, how many are written before it, and the topic that was meant', async () => {
    writeFileSync(join(shop.folder, 'records.jsonl'), '{"value": 1, "partition": 1}\n{"vale": 2}\n');
    const wrong = await run('produce', 'orders', 'records.jsonl');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('1 record from the lines before it were written');
    expect(wrong.err).toContain('line 2: unknown field vale of a record');
    const unknown = await run('produce', 'order', 'records.jsonl');
    expect(unknown).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no topic order, did you mean orders?'),
    });
    expect((await run('tail', 'ordrs', '-e')).err).toContain('did you mean orders?');
    expect((await run('produce', 'orders', 'nothing.jsonl')).code).toBe(2);
  });
});

describe('evpipe topics and groups', () => {
  it('show offsets, lag and who reads, and move offsets only with --yes and without members', async () => {
    const kafka = connectKafka({ bootstrapServers: shop.env.EVPIPE_KAFKA_BOOTSTRAP_SERVERS ?? '', clientId: 'reader' });
    try {
      await kafka.commitOffsets('packers', [{ topic: 'orders', partition: 0, offset: 4n }]);
      const [described] = (await run('topics', 'describe', 'orders', '-o', 'json')).out.trim().split('\n');
      const topic = JSON.parse(described ?? '') as Record<string, unknown>;
      expect(topic).toMatchObject({ topic: 'orders', declared: true, groups: ['packers'] });
      expect((await run('topics')).out).toMatch(/^orders +2 +\d+ +\w+ +packers/m);
      expect((await run('groups')).out).toMatch(/^packers +Empty +0 +0/m);

      const reset = ['groups', 'reset-offsets', 'packers', '--to'];
      const plan = await run(...reset, 'earliest');
      expect(plan).toMatchObject({ code: 3, err: 'Nothing has changed yet; rerun with --yes to commit.\n' });
      expect(plan.out).toMatch(/orders +0 +4 +0 +4 read again/);
      expect((await kafka.committedOffsets('packers'))[0]?.offset).toBe(4n);
      expect((await run(...reset, '-3', '--yes')).code).toBe(0);
      expect((await kafka.committedOffsets('packers'))[0]?.offset).toBe(1n);
      expect((await run('groups', 'describe', 'packers')).out).toMatch(/orders +0 +1 +4 +3 +-/);

      const member = kafka.groupMember({ group: 'packers', onRebalance: () => {} });
      await member.join(['orders'], AbortSignal.timeout(30_000));
      const refused = await run(...reset, 'latest', '--yes');
      await member.leave();
      expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/group packers is active: reader at/) });
      expect((await run(...reset, 'soon')).err).toContain('--to soon is not a position');
      expect((await run('groups', 'describe', 'packer')).err).toContain('did you mean packers?');
    } finally {
      await kafka.close();
    }
  });
});

describe('evpipe dead-letters', () => {
  const connect = (offset: number, message: string): [string, Buffer][] =>
    Object.entries({
      source: 'shop',
      '__connect.errors.topic': 'returns',
      '__connect.errors.partition': '1',
      '__connect.errors.offset': String(offset),
      '__connect.errors.exception.class.name': 'org.apache.kafka.connect.errors.DataException',
      '__connect.errors.exception.message': message,
    }).map(([name, value]) => [name, Buffer.from(value)]);

  it('are listed with their reasons, and sent back once, only with --yes', async () => {
    const kafka = connectKafka({ bootstrapServers: shop.env.EVPIPE_KAFKA_BOOTSTRAP_SERVERS ?? '', clientId: 'sink' });
    const producer = kafka.producer();
    try {
      await kafka.createTopic({ name: 'returns', partitions: 2 });
      await kafka.createTopic({ name: 'returns-dlq', partitions: 1 });
      await kafka.commitOffsets('packers', [{ topic: 'returns', partition: 0, offset: 0n }]);
      const failed = (id: string, offset: number) => ({
        topic: 'returns-dlq',
        key: Buffer.from(id),
        value: Buffer.from(`{"id":"${id}"}`),
        headers: connect(offset, `no column for\u001b[2J ${id}`),
      });
      await producer.send([failed('a', 4), failed('b', 5)]);

      expect((await run('dead-letters')).out).toMatch(/^returns-dlq +- +2 +2$/m);
      const shown = await run('dead-letters', 'show', 'returns-dlq');
      expect(shown.out).toContain('from returns 1@4');
      expect(shown.out).toContain('DataException: no column for\\x1b[2J a');
      expect(shown.out).toContain('key "b"  value {"id":"b"}');
      const [json] = (await run('dead-letters', 'show', 'returns-dlq', '-o', 'json')).out.split('\n');
      expect(JSON.parse(json ?? '')).toMatchObject({
        key: 'a',
        origin: { topic: 'returns', partition: 1, offset: '4' },
      });

      const plan = await run('dead-letters', 'replay', 'returns-dlq');
      expect(plan).toMatchObject({ code: 3, err: 'Nothing is sent yet: run it again with --yes.\n' });
      expect(plan.out).toMatch(/^returns +2 +packers$/m);
      expect((await kafka.offsets('returns', 'latest')).map(({ offset }) => offset)).toEqual([0n, 0n]);

      expect(await run('dead-letters', 'replay', 'returns-dlq', '--yes')).toMatchObject({
        code: 0,
        err: '2 records sent.\n',
      });
      expect((await run('tail', 'returns', '-e', '-p', '1', '-o', 'json')).out).toContain(
        '"headers":[["source","shop"]]',
      );
      await producer.send([failed('c', 6)]);
      expect((await run('dead-letters')).out).toMatch(/^returns-dlq +- +3 +1$/m);
      expect((await run('dead-letters', 'replay', 'returns-dlq', '-y')).err).toBe('1 record sent.\n');
      expect((await run('dead-letters', 'replay', 'returns-dlq', '-y')).err).toBe('There is nothing to replay.\n');
      expect((await kafka.offsets('returns', 'latest')).map(({ offset }) => offset)).toEqual([0n, 3n]);
      const again = await run('dead-letters', 'replay', 'returns-dlq', '--all', '--to', 'orders', '-o', 'json');
      expect(JSON.parse(again.out)).toMatchObject({ applied: false, plan: [{ to: 'orders', records: 3 }] });
    } finally {
      await producer.close();
      await kafka.close();
    }
  });

  it('are not sent anywhere where one does not say where it came from', async () => {
    const kafka = connectKafka({ bootstrapServers: shop.env.EVPIPE_KAFKA_BOOTSTRAP_SERVERS ?? '', clientId: 'sink' });
    const producer = kafka.producer();
    try {
      await kafka.createTopic({ name: 'unknown.DLT', partitions: 1 });
      await producer.send([{ topic: 'unknown.DLT', key: null, value: Buffer.from('x') }]);
    } finally {
      await producer.close();
      await kafka.close();
    }
    expect(await run('dead-letters', 'replay', 'unknown.DLT', '--yes')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/record 0@0 of unknown.DLT does not say where it came from\n.*--to/),
    });
    expect((await run('dead-letters', 'show', 'unknown.DLT')).out).toContain('no reason in its headers');
    expect((await run('dead-letters', 'show')).code).toBe(2);
    expect((await run('dead-letters', 'show', 'unknown-DLT')).err).toContain('did you mean unknown.DLT?');
  });
});

describe('evpipe schemas', () => {
  it('lists subjects and shows their versions', async () => {
    const bootstrapServers = shop.env.EVPIPE_KAFKA_BOOTSTRAP_SERVERS ?? '';
    const registry = await startSchemaRegistry({ host: '127.0.0.1', port: 0, bootstrapServers, log: silentLog });
    const url = `http://127.0.0.1:${registry.port}`;
    const client = connectSchemaRegistry({ url });
    const env = { ...shop.env, EVPIPE_SCHEMA_REGISTRY_URL: url };
    const schemas = (...argv: string[]): Promise<Ran> =>
      runIn(shop.folder, env, 'schemas', ...argv, '-f', 'schemas.yaml', '--target', 'cluster');
    writeFileSync(join(shop.folder, 'order.avsc'), '"string"');
    writeFileSync(
      join(shop.folder, 'schemas.yaml'),
      'version: 1\nname: shop\nschemas: { subjects: { orders-value: order.avsc } }\n',
    );
    try {
      const record = (...fields: unknown[]) => JSON.stringify({ type: 'record', name: 'order', fields });
      const note = { name: 'note', type: 'string', default: '' };
      await client.register('orders-value', { schema: record(), schemaType: 'AVRO' });
      await client.register('orders-value', { schema: record(note), schemaType: 'AVRO' });
      await client.setCompatibility('orders-value', 'FULL');
      expect((await schemas()).out).toMatch(/^orders-value +AVRO +2 +\d+ +FULL +yes$/m);
      const { out } = await schemas('describe', 'orders-value');
      expect(out).toMatch(/^orders-value {2}FULL\n {2}version 1, id \d+, AVRO\n {4}\{\n/);
      expect(out).toMatch(/ {2}version 2, id \d+, AVRO\n[\s\S]*"name": "note"/);
      expect((await schemas('describe', 'order-value')).err).toContain('did you mean orders-value?');
    } finally {
      await registry.stop();
    }
  });
});
