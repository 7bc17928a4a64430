import { expect, it } from 'vitest';
import { refusal } from '../../../../src/embedded/kafka/faults/refusal.js';
import { errorName } from '../../../../src/protocol/kafka/errors.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { deleteTopics } from '../../../../src/protocol/kafka/messages/delete-topics.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { findCoordinator } from '../../../../src/protocol/kafka/messages/find-coordinator.js';
import { heartbeat } from '../../../../src/protocol/kafka/messages/heartbeat.js';
import { listOffsets } from '../../../../src/protocol/kafka/messages/list-offsets.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { offsetFetch } from '../../../../src/protocol/kafka/messages/offset-fetch.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import type { Api } from '../../../../src/protocol/kafka/schema.js';
import { batchOf } from '../../../support/kafka-batch.js';
import type { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

const NOT_LEADER = 6;

const REFUSALS: ReadonlyArray<readonly [api: Api, version: number, asked: Record<string, unknown>, answer: unknown]> = [
  [
    produce,
    9,
    {
      topicData: [
        {
          name: 't',
          partitionData: [
            { index: 1, records: null },
            { index: 2, records: null },
          ],
        },
      ],
    },
    {
      responses: [
        {
          name: 't',
          partitionResponses: [
            { index: 1, errorCode: 6 },
            { index: 2, errorCode: 6 },
          ],
        },
      ],
    },
  ],
  [
    fetch,
    12,
    { sessionId: 3, topics: [{ topic: 't', partitions: [{ partition: 4, fetchOffset: 9n }] }] },
    { responses: [{ topic: 't', partitions: [{ partitionIndex: 4, errorCode: 6 }] }] },
  ],
  [fetch, 12, { sessionId: 3, topics: [] }, { errorCode: 6 }],
  [metadata, 9, { topics: [{ name: 't' }] }, { topics: [{ name: 't', errorCode: 6 }] }],
  [
    listOffsets,
    7,
    { topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1n }] }] },
    { topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode: 6 }] }] },
  ],
  [offsetFetch, 8, { groups: [{ groupId: 'g', topics: null }] }, { groups: [{ groupId: 'g', errorCode: 6 }] }],
  [findCoordinator, 4, { coordinatorKeys: ['g'] }, { coordinators: [{ key: 'g', errorCode: 6 }] }],
  [findCoordinator, 3, { key: 'g' }, { errorCode: 6 }],
  [heartbeat, 4, { groupId: 'g' }, { errorCode: 6 }],
  [deleteTopics, 5, { topicNames: ['t'] }, { responses: [{ name: 't', errorCode: 6 }] }],
  [createTopics, 7, { topics: [{ name: 't', numPartitions: 1 }] }, { topics: [{ name: 't', errorCode: 6 }] }],
];

it.each(REFUSALS)('refuses $name $1 with an error for each thing named', (api, version, asked, answer) => {
  expect(refusal(api, version, asked, NOT_LEADER)).toEqual(answer);
});

async function produced(client: RawClient, value: string): Promise<string> {
  const partitionData = [{ index: 0, records: batchOf([value]) }];
  const { responses } = await client.send(produce, 9, { acks: -1, topicData: [{ name: 't', partitionData }] });
  return errorName(responses[0]?.partitionResponses[0]?.errorCode ?? -1);
}

async function endOffset(client: RawClient): Promise<bigint | undefined> {
  const partitions = [{ partitionIndex: 0, timestamp: -1n }];
  const { topics } = await client.send(listOffsets, 7, { topics: [{ name: 't', partitions }] });
  return topics[0]?.partitions[0]?.offset;
}

async function brokerWithTopic() {
  const broker = await TestBroker.start();
  const client = await broker.client();
  await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  return { broker, client };
}

it('refuses as many requests as asked, and carries none of them out', async () => {
  const { broker, client } = await brokerWithTopic();
  const fault = broker.addFault({ request: 'Produce', error: 'NOT_LEADER_OR_FOLLOWER', times: 2 });
  const outcomes = [await produced(client, 'a'), await produced(client, 'b'), await produced(client, 'c')];
  expect(outcomes).toEqual(['NOT_LEADER_OR_FOLLOWER', 'NOT_LEADER_OR_FOLLOWER', 'NONE']);
  expect([await endOffset(client), fault.hits]).toEqual([1n, 2]);
});

it('ends the connection before or after the request is carried out', async () => {
  const { broker } = await brokerWithTopic();
  for (const disconnect of ['before', 'after'] as const) {
    broker.addFault({ request: 'Produce', disconnect, times: 1 });
    await expect(produced(await broker.client(), disconnect)).rejects.toThrow('closed the connection');
  }
  expect(await endOffset(await broker.client())).toBe(1n);
});

it('delays requests of one client until the fault is removed', async () => {
  const { broker, client } = await brokerWithTopic();
  const others = broker.addFault({ request: 'Produce', clientId: 'someone else', error: 'UNKNOWN_SERVER_ERROR' });
  const fault = broker.addFault({ request: 'Produce', clientId: 'raw', delayMs: 50 });
  const startedMs = performance.now();
  expect(await produced(client, 'a')).toBe('NONE');
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(49);
  fault.remove();
  await produced(client, 'b');
  expect([fault.hits, others.hits]).toEqual([1, 0]);
});

it('knows no fault for a request that the broker does not have', async () => {
  const { broker } = await brokerWithTopic();
  expect(() => broker.addFault({ request: 'Produced' })).toThrow('the broker has no request Produced');
});
