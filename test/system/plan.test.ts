import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { ledgerIn } from '../../src/kinds/ledger/ledger.js';
import { topicStore } from '../../src/kinds/ledger/topic-store.js';
import { runIn } from '../support/command-line.js';
import { changeAndRevert, changesOfApply, killAndResume, PLAIN, PlanShop } from '../support/plan-shop.js';

let shop: PlanShop;

beforeAll(async () => {
  shop = await PlanShop.open();
  await shop.kafka.createTopic({ name: 'foreign', partitions: 1 });
});

beforeEach(async () => {
  shop.write(PLAIN);
  const { code, out, err } = await shop.run('apply');
  expect(code, out + err).toBe(0);
});

afterAll(() => shop?.stop());

async function noted(): Promise<ReadonlyMap<string, unknown>> {
  const store = topicStore(shop.kafka, 'shop', () => {});
  try {
    return (await store.read()) ?? new Map();
  } finally {
    await store.close();
  }
}

it('plans nothing after an apply, and a second apply changes nothing', async () => {
  const planned = await shop.run('plan');
  expect(planned.out).toBe('Nothing to change: 3 things as declared.\n');
  expect(planned.code).toBe(0);
  expect((await shop.run('apply')).out).toBe('Nothing to change: 3 things as declared.\n');
});

it('shows what is new and what differs, field by field, with what it implies', async () => {
  const orders = { partitions: 3, config: { ...PLAIN.topics.orders?.config, 'retention.ms': '1000' } };
  shop.write({ ...PLAIN, topics: { ...PLAIN.topics, orders, payments: { partitions: 1, config: {} } } });
  const { code, out } = await shop.run('plan');
  expect(out).toContain('~ topic orders  declared differently');
  expect(out).toContain('partitions 2 → 3  (keys move to other partitions; irreversible)');
  expect(out).toContain('retention.ms 604800000 → 1000');
  expect(out).toContain('+ topic payments  declared but missing');
  expect(code).toBe(3);
  expect(await shop.kafka.describeTopic('payments')).toBeUndefined();
});

it('resets an option that is no longer declared, and none that others have set', async () => {
  const { 'segment.ms': _, ...config } = PLAIN.topics.orders?.config ?? {};
  shop.write({
    ...PLAIN,
    topics: { ...PLAIN.topics, orders: { partitions: 2, config: { ...config, 'flush.ms': '5000' } } },
  });
  await shop.kafka.alterTopicConfig('orders', { 'index.interval.bytes': '8192' });
  const { code, out } = await shop.run('plan');
  expect(out).toContain('segment.ms 604800000 → unset');
  expect(out).not.toContain('index.interval.bytes');
  expect(code).toBe(3);
  expect((await shop.run('apply')).code).toBe(0);
  expect((await shop.run('plan')).code).toBe(0);
  const set = async () =>
    (await shop.kafka.topicConfig('orders')).flatMap(({ name, source }) => (source === 'topic' ? name : []));
  expect(await set()).toEqual(expect.arrayContaining(['flush.ms', 'index.interval.bytes']));
  expect(await set()).not.toContain('segment.ms');

  shop.write({ ...PLAIN, topics: { ...PLAIN.topics, orders: { partitions: 2, config: {} } } });
  expect((await shop.run('plan')).out).toContain('flush.ms 5000 → unset');
  expect((await shop.run('apply')).code).toBe(0);
  expect(await set()).toEqual(['index.interval.bytes']);
  await shop.kafka.alterTopicConfig('orders', { 'index.interval.bytes': null });
});

it('finds what Kafka would refuse before anything is changed', async () => {
  shop.write({ ...PLAIN, topics: { ...PLAIN.topics, weekly: { partitions: 1, replication: 3, config: {} } } });
  const { code, out } = await shop.run('plan');
  expect(out).toMatch(/\+ topic weekly {2}declared but missing {2}evpipe\.yaml:\d+/);
  expect(out).toMatch(/topic weekly: .*replication factor/i);
  expect(code).toBe(1);
});

it('holds the defaults of the target against the brokers before anything is made, the ledger included', async () => {
  shop.write(PLAIN, { replication: 3 }, ['ann']);
  const place = lineOf(shop, '"replication": 3', 'ann');
  for (const argv of [['plan'], ['apply'], ['up', '--no-verify']]) {
    const { code, out, err } = await shop.runAt('ann', ...argv);
    expect(out + err, argv[0]).toMatch(/topic (ann_orders|_evpipe_ann-shop): .*replication factor of 3/i);
    expect(out + err, argv[0]).toContain(`evpipe.yaml:${place}`);
    expect(code).toBe(1);
  }
  shop.write(PLAIN, { minInsyncReplicas: 2 }, ['ann']);
  for (const argv of [['plan'], ['up', '--no-verify']]) {
    const { code, out, err } = await shop.runAt('ann', ...argv);
    expect(out + err, argv[0]).toContain('min.insync.replicas 2 with 1 replica rejects every write with acks=all');
    expect(out + err, argv[0]).toContain(`evpipe.yaml:${lineOf(shop, '"minInsyncReplicas": 2', 'ann')}`);
    expect(code).toBe(1);
  }
  expect((await shop.kafka.listTopics()).filter(({ name }) => name.includes('ann'))).toEqual([]);
  expect((await shop.runAt('ann', 'doctor')).out).toMatch(/ann_orders +wants min.insync.replicas 2/);
});

it('gives topics the defaults of the target, evpipe’s own too, and plans what was made without them', async () => {
  shop.write(PLAIN, { replication: 1, minInsyncReplicas: 1 }, ['ann']);
  expect((await shop.runAt('ann', 'apply')).code).toBe(0);
  for (const topic of ['ann_orders', '_evpipe_ann-shop']) {
    const config = await shop.kafka.topicConfig(topic);
    expect(config.find(({ name }) => name === 'min.insync.replicas')).toMatchObject({ value: '1', source: 'topic' });
  }
  expect((await shop.runAt('ann', 'plan')).code).toBe(0);
  const orders = { partitions: 2, replication: 2, config: {} };
  shop.write({ ...PLAIN, topics: { ...PLAIN.topics, orders } }, {}, ['ann']);
  const { code, out } = await shop.runAt('ann', 'plan');
  expect(out).toMatch(/replication 1 → 2.*does not move replicas between brokers/s);
  expect(code).toBe(1);
  shop.write(PLAIN, {}, ['ann']);
  expect((await shop.runAt('ann', 'reset', '--yes')).code).toBe(0);
});

/** `line:column` of the value, in the entry of this target. */
function lineOf(of: PlanShop, text: string, target: string): string {
  const lines = readFileSync(join(of.folder, 'evpipe.yaml'), 'utf8').split('\n');
  const line = lines.findIndex(
    (one, at) => one.includes(text) && at > lines.findIndex((each) => each.includes(`"${target}": {`)),
  );
  return `${line + 1}:`;
}

it('changes nothing at all where one change is refused', async () => {
  const customers = { partitions: 1, config: { ...PLAIN.topics.customers?.config, 'segment.ms': '60000' } };
  const orders = { partitions: 1, config: {} };
  shop.write({ ...PLAIN, topics: { customers, orders } });
  const { code, out, err } = await shop.run('apply');
  expect(out).toContain("partitions can't shrink");
  expect(err).toContain('Nothing was changed.');
  expect(code).toBe(1);
  const config = await shop.kafka.topicConfig('customers');
  expect(config.find(({ name }) => name === 'segment.ms')?.value).toBe('604800000');
});

it('does just a saved plan, and nothing once reality has moved', async () => {
  const config = { ...PLAIN.topics.orders?.config, 'retention.ms': '1000' };
  shop.write({ ...PLAIN, topics: { ...PLAIN.topics, orders: { partitions: 2, config } } });
  const saved = join(shop.folder, 'plan.json');
  writeFileSync(saved, (await shop.run('plan', '--output', 'json')).out);
  expect(JSON.parse(readFileSync(saved, 'utf8'))).toMatchObject({
    kind: 'plan',
    version: 1,
    entries: [
      { action: 'change', kind: 'topic', name: 'orders', changes: [{ field: { before: '604800000', after: '1000' } }] },
    ],
  });
  await shop.kafka.alterTopicConfig('orders', { 'retention.ms': '2000' });
  const stale = await shop.run('apply', '--plan', saved);
  expect(stale.err).toContain('the plan no longer holds: topic orders; nothing was changed');
  expect(stale.code).toBe(1);
  await shop.kafka.alterTopicConfig('orders', { 'retention.ms': '604800000' });
  expect((await shop.run('apply', '--plan', saved)).code).toBe(0);
});

it('prunes only what this pipeline has made, once somebody agrees', async () => {
  const { customers, ...topics } = PLAIN.topics;
  expect(customers).toBeDefined();
  shop.write({ ...PLAIN, topics });
  expect((await shop.run('plan')).code).toBe(0);
  const planned = await shop.run('plan', '--prune');
  expect(planned.out).toContain('- topic customers  created by this pipeline, no longer declared');
  const asked = await shop.run('apply', '--prune');
  expect(asked.err).toContain('no terminal to ask on: Remove topic customers?');
  expect(asked.code).toBe(2);
  expect((await shop.run('apply', '--prune', '--yes')).out).toContain('removed  topic customers');
  expect(await shop.kafka.describeTopic('customers')).toBeUndefined();
  expect(await shop.kafka.describeTopic('foreign')).toBeDefined();
  expect((await shop.run('plan', '--prune')).code).toBe(0);
});

it('changes nothing that others have made until it is taken over', async () => {
  await shop.kafka.createTopic({ name: 'borrowed', partitions: 1, config: { 'retention.ms': '2000' } });
  await shop.kafka.createTopic({ name: 'equal', partitions: 1 });
  const declared = (retention: string) =>
    shop.write({
      ...PLAIN,
      topics: {
        ...PLAIN.topics,
        borrowed: { partitions: 1, config: { 'retention.ms': retention } },
        equal: { partitions: 1, config: {} },
      },
    });
  declared('1000');
  const retention = async () =>
    (await shop.kafka.topicConfig('borrowed')).find(({ name }) => name === 'retention.ms')?.value;
  for (const argv of [['plan'], ['apply'], ['up', '--no-verify']]) {
    const { code, out, err } = await shop.run(...argv);
    expect(out + err).toContain('exists, created by others');
    expect(out + err).toContain('Take it over with --adopt');
    expect(code).toBe(1);
  }
  expect(await retention()).toBe('2000');

  const saved = join(shop.folder, 'adopt.json');
  const planned = await shop.run('plan', '--adopt', '--output', 'json');
  expect(planned.code).toBe(3);
  writeFileSync(saved, planned.out);
  const adopted = await shop.run('apply', '--plan', saved);
  expect(adopted.out).toContain('~ topic equal  declared as it is');
  expect(adopted.out).toContain('taken over from others  (--prune and reset may remove it)');
  expect(adopted.code).toBe(0);
  expect(await retention()).toBe('1000');
  expect((await noted()).has('topic/equal')).toBe(true);
  expect((await shop.run('plan', '--adopt')).code).toBe(0);

  declared('3000');
  expect((await shop.run('apply')).code).toBe(0);
  expect(await retention()).toBe('3000');
  shop.write(PLAIN);
  expect((await shop.run('apply', '--prune', '--yes')).out).toContain('removed  topic borrowed');
});

it('keeps two namespaces of one file apart on the same servers', async () => {
  const topics = async () => (await shop.kafka.listTopics()).map(({ name }) => name);
  const namespaces = ['ann', 'bob'];
  shop.write(PLAIN, {}, namespaces);
  for (const one of namespaces) {
    const { code, out, err } = await shop.runAt(one, 'apply');
    expect(out + err).toContain(`+ topic ${one}_orders`);
    expect(out + err).toContain(`+ schema ${one}_orders-value`);
    expect(code, out + err).toBe(0);
  }
  expect(await topics()).toEqual(expect.arrayContaining(['orders', 'ann_orders', 'bob_orders', '_evpipe_ann-shop']));

  const { customers: _, ...left } = PLAIN.topics;
  shop.write({ ...PLAIN, topics: left }, {}, namespaces);
  expect((await shop.runAt('ann', 'apply', '--prune', '--yes')).out).toContain('removed  topic ann_customers');
  expect((await shop.runAt('ann', 'reset', '--yes')).out).toContain('removed  topic ann_orders');
  expect(await topics()).toEqual(expect.arrayContaining(['customers', 'orders', 'bob_customers', 'bob_orders']));
  expect(await topics()).not.toContain('ann_orders');
  shop.write(PLAIN, {}, namespaces);
  expect((await shop.runAt('bob', 'plan', '--prune')).out).toBe('Nothing to change: 3 things as declared.\n');
  await shop.runAt('ann', 'reset', '--yes');
  await shop.runAt('bob', 'reset', '--yes');
});

it('resets what it has made, and leaves what it has found', async () => {
  shop.write({ ...PLAIN, topics: { ...PLAIN.topics, foreign: { partitions: 1, config: {} } } });
  const unknown = await shop.run('reset', 'topic/order', '--yes');
  expect(unknown.err).toContain('there is no topic/order to reset');
  expect(unknown.code).toBe(2);
  expect((await shop.run('reset', 'topic/orders', '--yes')).out).toContain('removed  topic orders');
  expect(await shop.kafka.describeTopic('customers')).toBeDefined();
  const { out } = await shop.run('reset', '--yes');
  expect(out).toContain('removed  schema orders-value');
  expect(out).toContain('stays    topic/foreign, which others created');
  expect((await shop.kafka.listTopics()).map(({ name }) => name)).toContain('foreign');
  expect((await shop.run('plan')).out).toContain('3 to create');
});

it('makes up no data on servers by address unless that is asked for', async () => {
  writeFileSync(join(shop.folder, 'orders.jsonl'), '{"key": "1", "value": {"id": "1"}}\n');
  shop.write({ ...PLAIN, seed: { orders: { jsonl: 'orders.jsonl', topic: 'orders' } } });
  const records = async () =>
    (await shop.kafka.offsets('orders', 'latest')).reduce((sum, { offset }) => sum + offset, 0n);
  const before = await records();
  const { code, out, err } = await shop.run('up');
  expect(out + err).toContain("not all servers are evpipe's own (kafka, registry): --seed creates it");
  expect(code).toBe(0);
  expect(await records()).toBe(before);
  expect((await shop.run('up', '--seed')).code).toBe(0);
  expect(await records()).toBe(before + 1n);
});

it('applies and takes back changed files, with an empty plan after each', async () => {
  for (let seed = 1; seed <= 12; seed++) await changeAndRevert(shop, seed);
});

it('goes on where an apply was killed', async () => {
  const changes = await changesOfApply(shop, 4);
  for (let seed = 1; seed <= 3; seed++) await killAndResume(shop, seed, changes);
});

it('changes nothing while another machine changes the pipeline, and forgets the claim of one that has died', async () => {
  const ledger = await ledgerIn(topicStore(shop.kafka, 'shop', () => {}));
  const claim = { host: 'elsewhere', pid: 7, stateFolder: '/home/ada/.evpipe/shop', untilMs: Date.now() + 60_000 };
  await ledger.put('lock/other', claim);
  for (const argv of [
    ['up', '--no-verify'],
    ['reset', '--yes'],
  ]) {
    const { code, err } = await shop.run(...argv);
    expect(err).toContain('process 7 on elsewhere is changing this pipeline right now; nothing was changed');
    expect(code).toBe(1);
  }
  expect((await shop.run('plan')).code).toBe(0);
  await ledger.put('lock/other', { ...claim, untilMs: Date.now() - 1 });
  await ledger.close();
  const ended = await shop.run('up', '--no-verify');
  expect(ended.code, ended.err).toBe(0);
  expect([...(await noted()).keys()].filter((key) => key.startsWith('lock/'))).toEqual([]);
});

it('does nothing on another cluster than the one that is meant', async () => {
  const { clusterId } = await shop.kafka.describeCluster();
  shop.write(
    { ...PLAIN, topics: { ...PLAIN.topics, late: { partitions: 1, config: {} } } },
    { clusterId: 'production' },
  );
  for (const argv of [['plan'], ['apply'], ['up'], ['reset', '--yes']]) {
    const { code, err } = await shop.run(...argv);
    expect(err).toContain(`is cluster ${clusterId}, not production as the target says; nothing was changed`);
    expect(code).toBe(2);
  }
  expect(await shop.kafka.describeTopic('late')).toBeUndefined();
  shop.write(PLAIN, { clusterId });
  expect((await shop.run('plan')).code).toBe(0);
});

it('looks at and stops what runs by what was recorded, where the environment or the file is no longer complete', async () => {
  const file = join(shop.folder, 'evpipe.yaml');
  const argv = ['--target', 'here'];
  writeFileSync(file, readFileSync(file, 'utf8').replace('"producer"', '"$'.concat('{CODEC}"')));
  const complete = await runIn(shop.folder, { ...process.env, CODEC: 'lz4' }, 'apply', ...argv);
  expect(complete.code, complete.out + complete.err).toBe(0);
  expect((await shop.run('plan')).code).toBe(2);
  for (const command of ['status', 'logs', 'down']) {
    const { code, err } = await shop.run(command);
    expect(err).toContain('the environment has no CODEC');
    expect(err).toContain('Until that is fixed, this works on the pipeline as it was last brought up.');
    expect(code, err).toBe(0);
  }
  writeFileSync(file, `{ "topics": [`);
  expect((await shop.run('down')).code).toBe(0);
});
