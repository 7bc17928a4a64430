import { configProblem, offsetProblem } from '../../../src/embedded/connect/worker/stored-records.js';
import { readGroups } from '../../../src/embedded/kafka/groups/group-records.js';
import { OffsetStore } from '../../../src/embedded/kafka/groups/offset-store.js';
import type { StateReader, StateTopic } from '../../../src/embedded/kafka/topics/state-topic.js';
import { readTransactions } from '../../../src/embedded/kafka/transactions/transaction-records.js';
import { readCommand } from '../../../src/embedded/ksqldb/command-log.js';
import { applyRecord } from '../../../src/embedded/schema-registry/apply-record.js';
import { contextOf } from '../../../src/embedded/schema-registry/context.js';
import { SchemaState } from '../../../src/embedded/schema-registry/schema-state.js';
import {
  configRecord,
  contextRecord,
  deleteSubjectRecord,
  modeRecord,
  schemaRecord,
  type TopicRecord,
} from '../../../src/embedded/schema-registry/schemas-topic.js';
import {
  CONSUMER_GROUP,
  CONSUMER_MEMBER,
  CURRENT_ASSIGNMENT,
  GROUP_METADATA,
  OFFSET_COMMIT,
  type StateRecord,
  TARGET_MEMBER,
  TRANSACTION,
} from '../../../src/protocol/kafka/state-records.js';
import type { FuzzedDecoder } from '../decoder-fuzz.js';

/** Records of the topics in which servers keep their state: each is read as at a start, with its key or its value spoiled. */
export const STORED_RECORDS: readonly FuzzedDecoder[] = [
  ...coordinatorRecords(),
  ...registryRecords(),
  ...textRecords("Connect's configurations", 'connector-a', '{"properties":{"connector.class":"A"}}', configProblem),
  ...textRecords("Connect's target states", 'target-state-a', '{"state":"PAUSED","state.v2":"STOPPED"}', configProblem),
  ...textRecords("Connect's offsets", '["a",{"server":"s"}]', '{"lsn":12345678901234567,"txId":7}', offsetProblem),
  ...textRecords(
    "ksqlDB's commands",
    '"stream/A/create"',
    '{"statement":"CREATE STREAM A;","properties":{"a":"b"},"version":1}',
    readCommand,
  ),
].map((decoder) => ({ ...decoder, cost: 4 }));

function textRecords(
  name: string,
  key: string,
  value: string,
  read: (key: string, value: string) => unknown,
): readonly FuzzedDecoder[] {
  return [
    { name: `keys of ${name}`, isText: true, whole: [Buffer.from(key)], decode: (bytes) => read(String(bytes), value) },
    {
      name: `values of ${name}`,
      isText: true,
      whole: [Buffer.from(value)],
      decode: (bytes) => read(key, String(bytes)),
    },
  ];
}

function registryRecords(): readonly FuzzedDecoder[] {
  const schema = { schemaType: 'JSON', schema: '{}', deleted: false, metadata: {}, ruleSet: {} } as const;
  const references = [{ name: 'n', subject: 'o', version: 1 }];
  const records: readonly TopicRecord[] = [
    schemaRecord({ subject: 's', version: 1, id: 1, references, ...schema }),
    deleteSubjectRecord('s', 1),
    contextRecord('.c'),
    configRecord('s', { compatibilityLevel: 'FULL', alias: 't', normalize: true, defaultMetadata: {} }),
    modeRecord(null, 'IMPORT'),
  ];
  const apply = (key: Buffer, value: Buffer | null): void => {
    const state = new SchemaState();
    applyRecord(state, key, value);
    for (const subject of state.subjectNames()) {
      for (const { version, id } of state.versions(subject, true)) {
        state.referrers(subject, version);
        state.usersOf(contextOf(subject), id);
      }
    }
  };
  return [
    {
      name: "keys of the registry's records",
      isText: true,
      whole: records.map(({ key }) => key),
      decode: (bytes) => records.map(({ value }) => apply(bytes, value)),
    },
    {
      name: "values of the registry's records",
      isText: true,
      whole: records.flatMap(({ value }) => value ?? []),
      decode: (bytes) => records.map(({ key }) => apply(key, bytes)),
    },
  ];
}

/** What refuses a record throws: the coordinator leaves that record out. */
function coordinatorRecords(): readonly FuzzedDecoder[] {
  const member = { group: 'g', member: 'm' };
  const topicPartitions = [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [0, 1] }];
  const groups: readonly StateRecord[] = [
    OFFSET_COMMIT.record(
      { group: 'g', topic: 't', partition: 0 },
      { offset: 5n, leaderEpoch: 0, metadata: 'm', commitTimestamp: 7n },
    ),
    GROUP_METADATA.record(
      { group: 'g' },
      {
        ...{ protocolType: 'consumer', generation: 1, protocol: 'range', leader: 'm', currentStateTimestamp: 1n },
        members: [
          {
            ...{ memberId: 'm', groupInstanceId: 'i', clientId: 'c', clientHost: '/h' },
            ...{ rebalanceTimeout: 1, sessionTimeout: 1, subscription: Buffer.alloc(8), assignment: Buffer.alloc(8) },
          },
        ],
      },
    ),
    CONSUMER_GROUP.record({ group: 'g' }, { epoch: 3 }),
    CONSUMER_MEMBER.record(member, {
      ...{ instanceId: null, rackId: null, clientId: 'c', clientHost: '/h', serverAssignor: 'uniform' },
      ...{ subscribedTopicNames: ['t'], subscribedTopicRegex: 't.*', rebalanceTimeoutMs: 5 },
    }),
    TARGET_MEMBER.record(member, { topicPartitions }),
    CURRENT_ASSIGNMENT.record(member, {
      ...{ memberEpoch: 1, previousMemberEpoch: 0, state: 1 },
      ...{ assignedPartitions: topicPartitions, partitionsPendingRevocation: topicPartitions },
    }),
  ];
  const transaction = TRANSACTION.record(
    { transactionalId: 'tx' },
    {
      ...{ producerId: 4n, producerEpoch: 1, transactionTimeoutMs: 9, transactionStatus: 1 },
      transactionPartitions: [{ topic: 't', partitionIds: [0, 1] }],
      ...{ transactionLastUpdateTimestampMs: 1n, transactionStartTimestampMs: 1n },
    },
  );
  return [
    ...stateRecords('__consumer_offsets', groups, (state) => readGroups(state, new OffsetStore(NO_TOPIC))),
    ...stateRecords('__transaction_state', [transaction], readTransactions),
  ];
}

/** Nothing is written while records are read back, but for the place of what a transaction has open. */
const NO_TOPIC = { partitionOf: () => 0 } as unknown as StateTopic;

function stateRecords(
  topic: string,
  records: readonly StateRecord[],
  read: (state: Pick<StateTopic, 'read'>) => unknown,
): readonly FuzzedDecoder[] {
  const readOne = (key: Buffer, value: Buffer | null) =>
    read({
      read(reader: StateReader) {
        for (const producerId of [undefined, 7]) {
          reader.record(
            key,
            { key, value, offset: 1, timestampMs: 1, timestampDelta: 0, offsetDelta: 0, headers: [] },
            producerId,
          );
        }
        reader.marker?.(0, 7, 'commit');
      },
    });
  return records.flatMap(({ key, value }) => {
    const type = `records of type ${key.readInt16BE(0)} in ${topic}`;
    return [
      { name: `keys of ${type}`, whole: [key], decode: (bytes) => readOne(bytes, value) },
      ...(value === null
        ? []
        : [{ name: `values of ${type}`, whole: [value], decode: (bytes: Buffer) => readOne(key, bytes) }]),
    ];
  });
}
