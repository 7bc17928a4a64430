import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
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
    expect(wrong.err).toContain('1 record from the lines before it written');
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
      expect((await run('topics')).out).toMatch(/^orders +2 +\d+ +packers/m);
      expect((await run('groups')).out).toMatch(/^packers +Empty +0 +0/m);

      const reset = ['groups', 'reset-offsets', 'packers', '--to'];
      const plan = await run(...reset, 'earliest');
      expect(plan).toMatchObject({ code: 3, err: 'Nothing is changed yet: run it again with --yes.\n' });
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
