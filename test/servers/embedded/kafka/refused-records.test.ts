import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { type BatchRecord, encodeBatch } from '../../../../src/protocol/kafka/encode-batch.js';
import { type ErrorName, errorName } from '../../../../src/protocol/kafka/errors.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { TestBroker } from './running-broker.js';

const now = Date.now();
const KEY = Buffer.from('k');

const record = (offsetDelta: number, more: Partial<BatchRecord> = {}): BatchRecord => ({
  offsetDelta,
  timestampMs: now,
  key: null,
  value: Buffer.from('v'),
  ...more,
});

const numbered = (deltas: readonly number[], compression: number): Buffer =>
  encodeBatch(
    { compression, lastOffsetDelta: deltas.length - 1 },
    deltas.map((delta) => record(delta)),
    compression === 0 ? undefined : gzipSync,
  );

/** One record with these bytes behind its length. */
const raw = (body: readonly number[], compression = 0): Buffer =>
  encodeBatch({ compression }, [record(0)], () => {
    const bytes = Buffer.from([body.length * 2, ...body]);
    return compression === 0 ? bytes : gzipSync(bytes);
  });

/** What Kafka 4.1.1 answers to each: the error, and which records it names. */
const CASES: ReadonlyArray<readonly [string, string, Buffer, ErrorName, readonly number[]]> = [
  ['offset deltas that do not count, uncompressed', 'plain', numbered([0, 5, 2], 0), 'NONE', []],
  ['offset deltas that do not count, compressed', 'plain', numbered([0, 5, 2], 1), 'UNKNOWN_SERVER_ERROR', []],
  ['offset deltas that begin with 1, compressed', 'plain', numbered([1, 2], 1), 'UNKNOWN_SERVER_ERROR', []],
  ['a base offset', 'plain', encodeBatch({ baseOffset: 5 }, [record(0)]), 'INVALID_RECORD', []],
  ['a key longer than its record', 'plain', raw([0, 0, 0, 126, 2, 65, 0]), 'INVALID_RECORD', []],
  ['the same, compressed', 'plain', raw([0, 0, 0, 126, 2, 65, 0], 1), 'INVALID_RECORD', []],
  ['more headers than there are', 'plain', raw([0, 0, 0, 1, 2, 65, 18]), 'INVALID_RECORD', []],
  ['a header without name', 'plain', raw([0, 0, 0, 1, 2, 65, 2, 1, 0]), 'INVALID_RECORD', []],
  ['bytes behind the headers', 'plain', raw([0, 0, 0, 1, 2, 65, 0, 9, 9]), 'INVALID_RECORD', []],
  ['a compression that nobody knows', 'plain', raw([0, 0, 0, 1, 2, 65, 0], 5), 'UNKNOWN_SERVER_ERROR', []],
  ['less than a header', 'plain', Buffer.alloc(20), 'CORRUPT_MESSAGE', []],
  [
    'a transaction without id',
    'plain',
    encodeBatch({ transactional: true }, [record(0)]),
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    [],
  ],
  [
    'missing keys',
    'compacted',
    encodeBatch({}, [record(0, { key: KEY }), record(1), record(2, { key: KEY }), record(3)]),
    'INVALID_RECORD',
    [1, 3],
  ],
  [
    'a time to come',
    'plain',
    encodeBatch({}, [record(0), record(1, { timestampMs: now + 1e9 })]),
    'INVALID_TIMESTAMP',
    [1],
  ],
  [
    'a greatest timestamp that no record has',
    'plain',
    encodeBatch({ maxTimestampMs: now + 1e10 }, [record(0)]),
    'NONE',
    [],
  ],
  ['LogAppendTime', 'appended', encodeBatch({ logAppendTime: true }, [record(0)]), 'INVALID_TIMESTAMP', [0]],
];

it('takes and refuses records as Kafka does, and names those that are wrong', async () => {
  const client = await (await TestBroker.start()).client();
  const topics = [
    ['plain', []],
    ['compacted', [{ name: 'cleanup.policy', value: 'compact' }]],
    ['appended', [{ name: 'message.timestamp.type', value: 'LogAppendTime' }]],
  ] as const;
  for (const [name, configs] of topics) {
    await client.send(createTopics, 5, {
      topics: [{ name, numPartitions: 1, replicationFactor: 1, configs: [...configs] }],
    });
  }
  for (const [what, name, records, error, indexes] of CASES) {
    const topicData = [{ name, partitionData: [{ index: 0, records }] }];
    const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
    const partition = answer.responses[0]?.partitionResponses[0];
    const named = partition?.recordErrors.map(({ batchIndex }) => batchIndex);
    expect([what, errorName(partition?.errorCode ?? -2), named]).toEqual([what, error, indexes]);
  }
});
