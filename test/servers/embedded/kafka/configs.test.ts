import getPort from 'get-port';
import { expect, it } from 'vitest';
import { alterConfigs } from '../../../../src/protocol/kafka/messages/alter-configs.js';
import { consumerGroupHeartbeat } from '../../../../src/protocol/kafka/messages/consumer-group-heartbeat.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { describeConfigs } from '../../../../src/protocol/kafka/messages/describe-configs.js';
import { incrementalAlterConfigs } from '../../../../src/protocol/kafka/messages/incremental-alter-configs.js';
import { listConfigResources } from '../../../../src/protocol/kafka/messages/list-config-resources.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import type { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

const [TOPIC, BROKER, GROUP] = [2, 4, 32];

async function setting(client: RawClient, resourceType: number, resourceName: string, name: string) {
  const resources = [{ resourceType, resourceName, configurationKeys: [name] }];
  const { results } = await client.send(describeConfigs, 4, { resources });
  return results[0]?.configs[0]?.value;
}

async function heartbeatInterval(client: RawClient, groupId: string): Promise<number> {
  const request = { groupId, memberId: 'm', memberEpoch: 0, rebalanceTimeoutMs: 1000, topicPartitions: [] };
  const { heartbeatIntervalMs } = await client.send(consumerGroupHeartbeat, 1, {
    ...request,
    subscribedTopicNames: ['t'],
  });
  return heartbeatIntervalMs;
}

it('gives members of a group its own heartbeat interval, over a restart, until it is taken away', async () => {
  const broker = await TestBroker.start();
  const client = await broker.client();
  const configs = [{ name: 'consumer.heartbeat.interval.ms', configOperation: 0, value: '6000' }];
  const resources = [{ resourceType: GROUP, resourceName: 'g', configs }];
  await client.send(incrementalAlterConfigs, 1, { resources });
  expect([await heartbeatInterval(client, 'g'), await heartbeatInterval(client, 'other')]).toEqual([6000, 5000]);

  await broker.restart();
  const after = await broker.client();
  expect(await heartbeatInterval(after, 'g')).toBe(6000);
  const listed = await after.send(listConfigResources, 1, { resourceTypes: [GROUP] });
  expect(listed.configResources).toMatchObject([{ resourceName: 'g' }]);
  await after.send(alterConfigs, 2, { resources: [{ resourceType: GROUP, resourceName: 'g', configs: [] }] });
  expect(await heartbeatInterval(after, 'g')).toBe(5000);
});

it('takes retention in hours or minutes where it is not given in milliseconds', async () => {
  const broker = await TestBroker.start({ config: { 'log.retention.hours': '2', 'log.roll.hours': '3' } });
  const client = await broker.client();
  await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  expect(await setting(client, TOPIC, 't', 'retention.ms')).toBe('7200000');
  expect(await setting(client, TOPIC, 't', 'segment.ms')).toBe('10800000');
  expect(await setting(client, BROKER, '1', 'log.retention.hours')).toBe('2');
  expect(await setting(client, BROKER, '1', 'log.retention.ms')).toBeNull();
});

it('never tells a password', async () => {
  const broker = await TestBroker.start({ config: { 'ssl.key.password': 'hunter2' } });
  const client = await broker.client();
  const resources = [{ resourceType: BROKER, resourceName: '1', configurationKeys: ['ssl.key.password'] }];
  const { results } = await client.send(describeConfigs, 4, { resources, includeSynonyms: true });
  expect(JSON.stringify(results[0]?.configs)).not.toContain('hunter2');
  expect(results[0]?.configs[0]).toMatchObject({ value: null, isSensitive: true });
});

it('tells the clients of each listener the address that is advertised for it', async () => {
  const port = await getPort({ host: '127.0.0.1' });
  const outside = { name: 'OUTSIDE', port, advertisedHost: 'kafka.example', advertisedPort: 19092 };
  const broker = await TestBroker.start({ listeners: [outside] });
  const told = async (address: string): Promise<string[]> => {
    const { brokers } = await (await broker.client(address)).send(metadata, 12, { topics: [] });
    return brokers.map(({ host, port: at }) => `${host}:${at}`);
  };
  expect(await told(broker.address)).toEqual([broker.address]);
  expect(await told(`127.0.0.1:${port}`)).toEqual(['kafka.example:19092']);
  const client = await broker.client();
  expect(await setting(client, BROKER, '1', 'listeners')).toContain(`OUTSIDE://127.0.0.1:${port}`);
  expect(await setting(client, BROKER, '1', 'advertised.listeners')).toContain('OUTSIDE://kafka.example:19092');
});
