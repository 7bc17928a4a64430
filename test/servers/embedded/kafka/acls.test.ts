import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ACCESS_RULES } from '../../../../src/embedded/kafka/access/table.js';
import { type KafkaAcl, startKafka } from '../../../../src/embedded/kafka/index.js';
import { HANDLERS } from '../../../../src/embedded/kafka/requests/table.js';
import { errorName } from '../../../../src/protocol/kafka/errors.js';
import { consumerGroupHeartbeat } from '../../../../src/protocol/kafka/messages/consumer-group-heartbeat.js';
import { createAcls } from '../../../../src/protocol/kafka/messages/create-acls.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { deleteAcls } from '../../../../src/protocol/kafka/messages/delete-acls.js';
import { describeAcls } from '../../../../src/protocol/kafka/messages/describe-acls.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { saslAuthenticate } from '../../../../src/protocol/kafka/messages/sasl-authenticate.js';
import { saslHandshake } from '../../../../src/protocol/kafka/messages/sasl-handshake.js';
import { batchOf } from '../../../support/kafka-batch.js';
import { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

const ANY = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
};

/** Reading of `orders`, as the protocol has it. */
const READING = {
  ...{ resourceType: 2, resourceName: 'orders', resourcePatternType: 3 },
  ...{ principal: 'User:ann', host: '*', operation: 3, permissionType: 3 },
};

const allow = (principal: string, name: string, ...operations: KafkaAcl['operations']): KafkaAcl => ({
  principal,
  operations,
  resource: { type: 'TOPIC', name },
});

const start = (acls: readonly KafkaAcl[] = [], more: Parameters<typeof TestBroker.start>[0] = {}) =>
  TestBroker.start({
    superUsers: ['User:admin'],
    acls,
    users: ['admin', 'ann'].map((name) => ({ name, password: name })),
    listeners: [{ name: 'SASL_PLAINTEXT', sasl: ['PLAIN'] }],
    ...more,
  });

async function login(broker: TestBroker, user: string): Promise<RawClient> {
  const client = await broker.client(broker.listeners.SASL_PLAINTEXT);
  await client.send(saslHandshake, 1, { mechanism: 'PLAIN' });
  const { errorCode } = await client.send(saslAuthenticate, 2, { authBytes: Buffer.from(`\0${user}\0${user}`) });
  expect(errorName(errorCode)).toBe('NONE');
  return client;
}

async function makeTopic(client: RawClient, name: string): Promise<string> {
  const { topics } = await client.send(createTopics, 5, { topics: [{ name, numPartitions: 1, replicationFactor: 1 }] });
  return errorName(topics[0]?.errorCode ?? -1);
}

async function seen(client: RawClient): Promise<Array<string | null>> {
  return (await client.send(metadata, 12, { topics: null })).topics.map(({ name }) => name);
}

it('knows what every request needs but those that need nothing', () => {
  const free = ['SaslHandshake', 'ApiVersions', 'SaslAuthenticate', 'DescribeCluster'];
  const off = /DelegationToken|Share/;
  const ruled = ACCESS_RULES.map(({ api }) => api.name);
  const names = HANDLERS.map(({ api }) => api.name).filter((name) => !free.includes(name) && !off.test(name));
  expect(ruled.toSorted()).toEqual(names.toSorted());
});

it('lets a super user do everything, and others what ACLs allow', async () => {
  const broker = await start([allow('User:ann', 'orders', 'READ')]);
  const [admin, ann] = [await login(broker, 'admin'), await login(broker, 'ann')];
  expect(await makeTopic(ann, 'orders')).toBe('TOPIC_AUTHORIZATION_FAILED');
  expect(await makeTopic(admin, 'orders')).toBe('NONE');
  expect(await makeTopic(admin, 'secrets')).toBe('NONE');
  expect(await seen(admin)).toEqual(['orders', 'secrets']);
  expect(await seen(ann)).toEqual(['orders']);
  const topicData = ['orders', 'secrets'].map((name) => ({
    name,
    partitionData: [{ index: 0, records: batchOf(['x']) }],
  }));
  const { responses } = await ann.send(produce, 9, { acks: -1, topicData });
  expect(responses.map(({ partitionResponses }) => errorName(partitionResponses[0]?.errorCode ?? -1))).toEqual([
    'TOPIC_AUTHORIZATION_FAILED',
    'TOPIC_AUTHORIZATION_FAILED',
  ]);
});

it('takes who does not log in for ANONYMOUS', async () => {
  const broker = await start([allow('User:ANONYMOUS', 'open', 'CREATE', 'WRITE')]);
  const client = await broker.client();
  expect(await makeTopic(client, 'open')).toBe('NONE');
  expect(await makeTopic(client, 'closed')).toBe('TOPIC_AUTHORIZATION_FAILED');
});

it('allows what no ACL is about where allow.everyone.if.no.acl.found is set', async () => {
  const config = { 'allow.everyone.if.no.acl.found': 'true' };
  const broker = await start([allow('User:bob', 'bobs', 'READ')], { config });
  const ann = await login(broker, 'ann');
  expect(await makeTopic(ann, 'free')).toBe('NONE');
  expect(await seen(ann)).toEqual(['free']);
});

it('keeps ACLs over a restart, and counts one that was deleted no more', async () => {
  const broker = await start();
  const admin = await login(broker, 'admin');
  await makeTopic(admin, 'orders');
  const { results } = await admin.send(createAcls, 3, { creations: [READING, READING] });
  expect(results.map(({ errorCode }) => errorName(errorCode))).toEqual(['NONE', 'NONE']);
  await broker.restart();
  const ann = await login(broker, 'ann');
  expect(await seen(ann)).toEqual(['orders']);
  const again = await login(broker, 'admin');
  const { resources } = await again.send(describeAcls, 3, ANY);
  expect(resources).toMatchObject([{ resourceName: 'orders', acls: [{ principal: 'User:ann', operation: 3 }] }]);
  const { filterResults } = await again.send(deleteAcls, 3, { filters: [ANY] });
  expect(filterResults[0]?.matchingAcls).toMatchObject([{ resourceName: 'orders', principal: 'User:ann' }]);
  expect(await seen(ann)).toEqual([]);
});

it('stops a reader whose ACL is taken away within its fetch session', async () => {
  const broker = await start([allow('User:ann', 'orders', 'READ')]);
  const [admin, ann] = [await login(broker, 'admin'), await login(broker, 'ann')];
  await makeTopic(admin, 'orders');
  const topics = [{ topic: 'orders', partitions: [{ partition: 0, partitionMaxBytes: 1000 }] }];
  const first = await ann.send(fetch, 12, { maxWaitMs: 0, topics, sessionEpoch: 0 });
  expect(errorName(first.responses[0]?.partitions[0]?.errorCode ?? -1)).toBe('NONE');
  await admin.send(deleteAcls, 3, { filters: [ANY] });
  const topicData = [{ name: 'orders', partitionData: [{ index: 0, records: batchOf(['secret']) }] }];
  await admin.send(produce, 9, { acks: -1, topicData });
  const next = await ann.send(fetch, 12, { maxWaitMs: 0, sessionId: first.sessionId, sessionEpoch: 1 });
  const partition = next.responses[0]?.partitions[0];
  expect(errorName(partition?.errorCode ?? -1)).toBe('TOPIC_AUTHORIZATION_FAILED');
  expect(partition?.records).toHaveLength(0);
});

it('assigns to a member whose pattern finds all topics those that it may describe', async () => {
  const group: KafkaAcl = { principal: 'User:ann', operations: ['READ'], resource: { type: 'GROUP', name: 'g' } };
  const broker = await start([allow('User:ann', 'orders', 'READ'), group]);
  const [admin, ann] = [await login(broker, 'admin'), await login(broker, 'ann')];
  await makeTopic(admin, 'orders');
  await makeTopic(admin, 'secrets');
  const answer = await ann.send(consumerGroupHeartbeat, 1, {
    ...{ groupId: 'g', memberId: 'm', memberEpoch: 0, rebalanceTimeoutMs: 1000 },
    ...{ subscribedTopicNames: [], subscribedTopicRegex: '.*', topicPartitions: [] },
  });
  expect(answer.assignment?.topicPartitions).toHaveLength(1);
});

it('knows a client by the name in its certificate', async () => {
  const pem = (name: string) => readFileSync(new URL(`../../../fixtures/tls/${name}`, import.meta.url), 'utf8');
  const own = { key: pem('key.pem'), cert: pem('cert.pem') };
  const broker = await start([allow('User:CN=localhost', 'orders', 'CREATE')], {
    listeners: [{ name: 'SSL', tls: { ...own, ca: own.cert, requestCert: true } }],
  });
  const client = await RawClient.openTls(broker.listeners.SSL ?? '', { ...own, rejectUnauthorized: false });
  expect(await makeTopic(client, 'orders')).toBe('NONE');
  expect(await makeTopic(client, 'others')).toBe('TOPIC_AUTHORIZATION_FAILED');
  client.close();
});

it('refuses an authorizer that it does not have, and leaves the folder free', async () => {
  const broker = await TestBroker.start();
  await broker.restart();
  const dataDir = `${broker.dataDir}/other`;
  const config = { 'authorizer.class.name': 'com.example.Mine' };
  await expect(startKafka({ dataDir, config })).rejects.toThrow('authorizer.class.name com.example.Mine is not known');
  await (await startKafka({ dataDir })).stop();
});

it('says that there is no authorizer where there is none', async () => {
  const broker = await TestBroker.start();
  const client = await broker.client();
  expect(errorName((await client.send(describeAcls, 3, ANY)).errorCode)).toBe('SECURITY_DISABLED');
  const { results } = await client.send(createAcls, 3, { creations: [READING] });
  expect(results.map(({ errorCode }) => errorName(errorCode))).toEqual(['SECURITY_DISABLED']);
});
