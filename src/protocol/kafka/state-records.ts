import { compileStruct } from './compile.js';
import { MalformedMessage } from './malformed.js';
import { Reader } from './reader.js';
import {
  bytes,
  type Decoded,
  type Fields,
  type Given,
  int8,
  int16,
  int32,
  int64,
  list,
  string,
  struct,
  structs,
  uuid,
} from './schema.js';
import { Writer } from './writer.js';

/**
 * The records in which Kafka's coordinators keep their state, in `__consumer_offsets` and `__transaction_state`. A key
 * begins with its type, a value with its version; a record without value takes back what the key had.
 */

/** A record of such a topic, in bytes. */
export interface StateRecord {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

interface Versions {
  /** The one that is written. */
  readonly writes: number;
  readonly latest: number;
  /** From this one on values can have tagged fields. */
  readonly flexibleFrom: number;
}

export class RecordFormat<Key extends Fields, Value extends Fields> {
  private readonly values = new Map<number, ReturnType<typeof compileStruct>>();
  private readonly keys: ReturnType<typeof compileStruct>;

  constructor(
    /** The first number of its keys. */
    readonly type: number,
    key: Key,
    private readonly value: Value,
    private readonly versions: Versions,
  ) {
    this.keys = compileStruct(key, 0, false);
  }

  record(key: Given<Key>, value: Given<Value> | null, version = this.versions.writes): StateRecord {
    return {
      key: encoded(this.type, (writer) => this.keys.write(writer, key)),
      value: value === null ? null : encoded(version, (writer) => this.codec(version).write(writer, value)),
    };
  }

  keyOf(bytes: Buffer): Decoded<Key> {
    const reader = new Reader(bytes);
    reader.int16();
    return this.keys.read(reader) as Decoded<Key>;
  }

  valueOf(bytes: Buffer): Decoded<Value> {
    const reader = new Reader(bytes);
    const version = reader.int16();
    if (version < 0 || version > this.versions.latest)
      throw new MalformedMessage(`a record's value has version ${version}`);
    return this.codec(version).read(reader) as Decoded<Value>;
  }

  private codec(version: number): ReturnType<typeof compileStruct> {
    let codec = this.values.get(version);
    if (codec === undefined) {
      codec = compileStruct(this.value, version, version >= this.versions.flexibleFrom);
      this.values.set(version, codec);
    }
    return codec;
  }
}

function encoded(first: number, write: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  writer.int16(first);
  write(writer);
  return Buffer.concat(writer.finish().filter((part) => Buffer.isBuffer(part)));
}

export const typeOf = (key: Buffer): number => (key.length < 2 ? -1 : key.readInt16BE(0));

const FLEXIBLE: Versions = { writes: 0, latest: 0, flexibleFrom: 0 };
const nullableText = () => string('0+', { nullable: '0+', default: null });
const group = { group: string() } as const;
const member = { group: string(), member: string() } as const;

const topicPartitions = () => structs('0+', { topicId: uuid(), partitions: list('0+', int32()) });

const committedKey = { group: string(), topic: string(), partition: int32() } as const;

const committed = {
  offset: int64(),
  leaderEpoch: int32('3+', { default: -1 }),
  metadata: string(),
  commitTimestamp: int64(),
  expireTimestamp: int64('1', { default: -1n }),
} as const;

/** Version 1 is written where a commit has an end of its own. */
export const OFFSET_COMMIT = new RecordFormat(1, committedKey, committed, { writes: 4, latest: 4, flexibleFrom: 4 });

/** A group of the classic protocol. */
export const GROUP_METADATA = new RecordFormat(
  2,
  group,
  {
    protocolType: string(),
    generation: int32(),
    protocol: nullableText(),
    leader: nullableText(),
    currentStateTimestamp: int64('2+', { default: -1n }),
    members: structs('0+', {
      memberId: string(),
      groupInstanceId: string('3+', { nullable: '3+', default: null }),
      clientId: string(),
      clientHost: string(),
      rebalanceTimeout: int32('1+'),
      sessionTimeout: int32(),
      subscription: bytes(),
      assignment: bytes(),
    }),
  },
  { writes: 3, latest: 4, flexibleFrom: 4 },
);

/** A group of the consumer protocol (KIP-848); its members follow in records of their own. */
export const CONSUMER_GROUP = new RecordFormat(3, group, { epoch: int32() }, FLEXIBLE);

export const CONSUMER_MEMBER = new RecordFormat(
  5,
  member,
  {
    instanceId: nullableText(),
    rackId: nullableText(),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: list('0+', string()),
    subscribedTopicRegex: nullableText(),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    serverAssignor: nullableText(),
    /** Of a member that speaks the classic protocol. Null is written: to Kafka a record without it is one with nothing in it. */
    classicMemberMetadata: struct(
      '0+',
      {
        sessionTimeoutMs: int32(),
        supportedProtocols: structs('0+', { name: string(), metadata: bytes() }),
      },
      { nullable: '0+', tag: 0, tagged: '0+' },
    ),
  },
  FLEXIBLE,
);

export const TARGET_METADATA = new RecordFormat(6, group, { assignmentEpoch: int32() }, FLEXIBLE);

export const TARGET_MEMBER = new RecordFormat(7, member, { topicPartitions: topicPartitions() }, FLEXIBLE);

export const MEMBER_STATES = { stable: 0, unrevoked: 1, unreleased: 2 } as const;

export const CURRENT_ASSIGNMENT = new RecordFormat(
  8,
  member,
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: topicPartitions(),
    partitionsPendingRevocation: topicPartitions(),
  },
  FLEXIBLE,
);

/** The topics that a regular expression of the group's members matches, and with which version of the metadata. */
export const REGULAR_EXPRESSION = new RecordFormat(
  16,
  { group: string(), regex: string() },
  { topics: list('0+', string()), version: int64(), timestamp: int64() },
  FLEXIBLE,
);

export const TRANSACTION_STATES = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
] as const;

export const TRANSACTION = new RecordFormat(
  0,
  { transactionalId: string() },
  {
    producerId: int64(),
    previousProducerId: int64('1+', { default: -1n, tag: 0, tagged: '1+' }),
    nextProducerId: int64('1+', { default: -1n, tag: 1, tagged: '1+' }),
    producerEpoch: int16(),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: structs(
      '0+',
      { topic: string(), partitionIds: list('0+', int32()) },
      { nullable: '0+', default: null },
    ),
    transactionLastUpdateTimestampMs: int64(),
    transactionStartTimestampMs: int64(),
    clientTransactionVersion: int16('1+', { default: 0, tag: 2, tagged: '1+' }),
    /** Not Kafka's, whose readers skip tags that they do not know (KIP-482): it forgets at a restart whom it has just bumped. */
    previousProducerEpoch: int16('1+', { default: -1, tag: 10_000, tagged: '1+' }),
  },
  { writes: 1, latest: 1, flexibleFrom: 1 },
);
