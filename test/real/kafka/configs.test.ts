import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { describeConfigs } from '../../../src/protocol/kafka/messages/describe-configs.js';
import { incrementalAlterConfigs } from '../../../src/protocol/kafka/messages/incremental-alter-configs.js';
import { listConfigResources } from '../../../src/protocol/kafka/messages/list-config-resources.js';
import { waitUntil } from '../../../src/support/retry.js';
import { RawClient } from '../../support/kafka-raw-client.js';
import { type RealKafka, startRealKafka } from '../stack/kafka.js';

const [BROKER, LOGGER, METRICS, GROUP] = [4, 8, 16, 32];
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];

let folder: string;
let ours: RunningKafka;
let real: RealKafka;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-configs-'));
  [ours, real] = await Promise.all([
    startKafka({ dataDir: join(folder, 'ours') }),
    startRealKafka({ dataDir: join(folder, 'real') }),
  ]);
});

afterAll(async () => {
  await ours?.stop();
  await real?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The same on both; ours first. */
async function onBoth<T>(scenario: (client: RawClient) => Promise<T>): Promise<[T, T]> {
  const outcomes: T[] = [];
  for (const { bootstrapServers } of [ours, real]) {
    const client = await RawClient.open(bootstrapServers);
    outcomes.push(await scenario(client));
    client.close();
  }
  return outcomes as [T, T];
}

async function described(client: RawClient, resourceType: number, resourceName: string) {
  const resources = [{ resourceType, resourceName, configurationKeys: null }];
  const { results } = await client.send(describeConfigs, 4, { resources, includeSynonyms: true });
  const [result] = results;
  if (result === undefined) throw new Error('nothing was described');
  return result;
}

type Change = readonly [name: string, operation: number, value: string | null];

async function altered(client: RawClient, resourceType: number, resourceName: string, changes: readonly Change[]) {
  const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value }));
  const resources = [{ resourceType, resourceName, configs }];
  return (await client.send(incrementalAlterConfigs, 1, { resources, validateOnly: false })).responses;
}

/** What each node has of its own: addresses, folders, and how the real one is set up for tests. */
const OF_THE_NODE = new Set([
  'advertised.listeners',
  'controller.listener.names',
  'controller.quorum.voters',
  'listener.security.protocol.map',
  'listeners',
  'log.dirs',
  'offsets.topic.num.partitions',
  'share.coordinator.state.topic.min.isr',
  'share.coordinator.state.topic.replication.factor',
  'transaction.state.log.num.partitions',
]);

it('lists every setting of the broker with Kafka’s value, source, synonyms and type', async () => {
  const [own, theirs] = await onBoth(async (client) => {
    const { configs } = await described(client, BROKER, '1');
    return configs.toSorted((a, b) => a.name.localeCompare(b.name));
  });
  expect(own.map(({ name }) => name)).toEqual(theirs.map(({ name }) => name));
  const comparable = (configs: typeof own) => configs.filter(({ name }) => !OF_THE_NODE.has(name));
  expect(comparable(own)).toEqual(comparable(theirs));
  expect(own.find(({ name }) => name === 'advertised.listeners')?.value).toBe(`PLAINTEXT://${ours.bootstrapServers}`);
});

const BROKER_CHANGES: ReadonlyArray<readonly [resource: string, changes: readonly Change[]]> = [
  ['1', [['num.io.threads', SET, '9']]],
  ['1', [['num.io.threads', SET, 'x']]],
  ['1', [['num.io.threads', DELETE, null]]],
  ['1', [['num.partitions', SET, '3']]],
  ['1', [['ssl.key.password', SET, 'x']]],
  ['', [['ssl.keystore.location', SET, '/x']]],
  ['', [['listeners', SET, 'PLAINTEXT://:1']]],
  ['', [['max.connections', SET, '500']]],
  ['', [['max.connections', DELETE, null]]],
  ['1', [['log.cleanup.policy', APPEND, 'compact']]],
  ['1', [['log.cleanup.policy', SUBTRACT, 'compact']]],
  ['1', [['log.cleanup.policy', DELETE, null]]],
];

it.each(BROKER_CHANGES)('alters the broker %j %j as Kafka does', async (resource, changes) => {
  const [own, theirs] = await onBoth((client) => altered(client, BROKER, resource, changes));
  expect(own).toEqual(theirs);
});

const RESOURCE_CHANGES: ReadonlyArray<readonly [type: number, resource: string, changes: readonly Change[]]> = [
  [GROUP, 'g', [['consumer.session.timeout.ms', SET, '5']]],
  [GROUP, 'g', [['consumer.session.timeout.ms', SET, '500000']]],
  [GROUP, 'g', [['consumer.session.timeout.ms', SET, 'x']]],
  [GROUP, 'g', [['consumer.session.timeout.ms', APPEND, '50000']]],
  [GROUP, 'g', [['consumer.heartbeat.interval.ms', SET, '60000']]],
  [GROUP, 'g', [['streams.num.standby.replicas', SET, '3']]],
  [GROUP, 'g', [['nope', SET, '1']]],
  [GROUP, '', [['consumer.session.timeout.ms', SET, '50000']]],
  [METRICS, 'm', [['interval.ms', SET, '5']]],
  [METRICS, 'm', [['match', SET, 'x']]],
  [METRICS, 'm', [['nope', SET, 'x']]],
  [METRICS, 'm', [['metrics', APPEND, 'c.']]],
  [METRICS, '', [['interval.ms', SET, '5000']]],
  [LOGGER, '1', [['root', SET, 'LOUD']]],
  [LOGGER, '1', [['root', DELETE, null]]],
  [LOGGER, '1', [['root', APPEND, 'INFO']]],
  [LOGGER, '1', [['nope', SET, 'DEBUG']]],
  [LOGGER, '7', [['root', SET, 'DEBUG']]],
  [3, 'x', [['a', SET, 'b']]],
];

it.each(RESOURCE_CHANGES)('refuses for %j %j %j what Kafka refuses, in its words', async (type, resource, changes) => {
  const [own, theirs] = await onBoth((client) => altered(client, type, resource, changes));
  expect(own).toEqual(theirs);
  expect(own[0]?.errorCode).not.toBe(0);
});

it('keeps settings of groups and of client metrics, and lists what has some', async () => {
  const [own, theirs] = await onBoth(async (client) => {
    const byName = async (type: number, name: string) => {
      const { configs, ...rest } = await described(client, type, name);
      return { ...rest, configs: configs.toSorted((a, b) => a.name.localeCompare(b.name)) };
    };
    const unset = [await byName(GROUP, 'g'), await byName(METRICS, 'm'), await byName(GROUP, '')];
    const outcomes = [
      await altered(client, GROUP, 'g', [
        ['consumer.session.timeout.ms', SET, '50000'],
        ['consumer.heartbeat.interval.ms', SET, '6000'],
      ]),
      await altered(client, METRICS, 'm', [
        ['interval.ms', SET, '5000'],
        ['metrics', SET, 'org.apache.kafka.consumer.,org.apache.kafka.producer.'],
        ['match', SET, 'client_id=app.*, client_software_name=librdkafka'],
      ]),
      await altered(client, LOGGER, '1', [['root', SET, 'DEBUG']]),
    ];
    await waitUntil('the change', async () => (await byName(METRICS, 'm')).configs[0]?.value === '5000' || undefined, {
      timeoutMs: 60_000,
    });
    const set = [await byName(GROUP, 'g'), await byName(METRICS, 'm')];
    const { configResources } = await client.send(listConfigResources, 1, { resourceTypes: [] });
    const metricsOnly = await client.send(listConfigResources, 0, {});
    return { unset, outcomes, set, configResources, metricsOnly };
  });
  expect(own).toEqual(theirs);
});

it.each([
  [LOGGER, '7'],
  [LOGGER, 'x'],
  [BROKER, '7'],
])('refuses to describe %j %j as Kafka does', async (type, name) => {
  const [own, theirs] = await onBoth((client) => described(client, type, name));
  expect(own).toEqual(theirs);
});
