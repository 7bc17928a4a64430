/**
 * What the rest of evpipe may expect of clients/kafka: a thin client on protocol/kafka that routes to partition
 * leaders, survives broker restarts, and reads by assigning partitions itself (it never joins a group).
 * It serves operations and checks as well as the embedded registry, Connect worker and ksqlDB engine.
 */

import type { Liveness } from '../../support/liveness.js';
import type { TlsFiles } from '../../support/tls-files.js';

/** The topic's option with which writes of acks=all are rejected where fewer replicas are in sync. */
export const MIN_INSYNC = 'min.insync.replicas';

/** Of topics whose makers do not say; absent: the brokers' own defaults. */
export interface TopicDefaults {
  readonly replication?: number | undefined;
  readonly minInsyncReplicas?: number | undefined;
}

/** How Kafka is reached: what an address says, and what every client has to be told. */
export interface KafkaAccess extends TopicDefaults {
  /** host:port, comma separated. */
  readonly bootstrapServers: string;
  readonly ssl?: boolean | TlsFiles | undefined;
  readonly sasl?: Sasl | undefined;
}

export interface KafkaClientOptions extends KafkaAccess {
  readonly clientId: string;
  /** Default 30 s: how long one request may take, broker restarts included, before it throws. */
  readonly requestTimeoutMs?: number;
  /**
   * Throws EVPIPE_KAFKA_SILENT (kind unreachable) where a broker no longer answers anybody. For commands, which have somebody
   * waiting for them; who runs for long waits and goes on.
   */
  readonly liveness?: Liveness | undefined;
}

export type Sasl = PasswordLogin | TokenLogin | ClientCredentials;

export interface PasswordLogin {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

interface OauthLogin {
  readonly mechanism: 'oauthbearer';
  /** SASL extensions (KIP-342), as Confluent Cloud's logicalCluster. */
  readonly extensions?: Readonly<Record<string, string>> | undefined;
}

export interface TokenLogin extends OauthLogin {
  readonly token: string;
}

/** OAuth 2.0's client credentials (RFC 6749, 4.4; KIP-768): the token is fetched, and fetched again before it expires. */
export interface ClientCredentials extends OauthLogin {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
  /** Of the token endpoint. */
  readonly ssl?: TlsFiles | undefined;
}

export type Header = readonly [name: string, value: Buffer | null];

/** Key, value and headers are slices of what was fetched (up to a MiB): copy what you keep longer. */
export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Milliseconds since the epoch; -1 where the batch has none. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
}

/** A record where it lies in what was fetched. It is one object, which says something else at the next record. */
export interface RecordPlace {
  readonly partition: number;
  readonly bytes: Buffer;
  /** Of the length of its key, behind which are the key and the value: `keyAndValueAt` reads them. */
  readonly at: number;
}

export interface OutgoingRecord {
  readonly topic: string;
  /** Absent: murmur2 of the key as Java does, sticky if there is no key. */
  readonly partition?: number | undefined;
  /** Absent: now. */
  readonly timestampMs?: number | undefined;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly Header[] | undefined;
}

export interface PartitionPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicDescription {
  readonly name: string;
  readonly topicId: string;
  readonly internal: boolean;
  readonly partitions: ReadonlyArray<{
    readonly partition: number;
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly isr: readonly number[];
  }>;
}

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  /** Absent or -1: the client's default, else the broker's (KIP-464). */
  readonly replicationFactor?: number;
  readonly config?: Readonly<Record<string, string>>;
}

/** What a topic would have; undefined where the broker does not tell. */
export interface TopicPreview {
  readonly replicas: number | undefined;
  readonly minInsyncReplicas: number | undefined;
}

export interface TopicConfigEntry {
  readonly name: string;
  readonly value: string | null;
  readonly source: 'topic' | 'broker' | 'default' | 'other';
  readonly readOnly: boolean;
  readonly sensitive: boolean;
}

export interface GroupDescription {
  readonly group: string;
  /** Empty, Stable, PreparingRebalance, CompletingRebalance, Dead; other states as the broker says them. */
  readonly state: string;
  readonly protocolType: string;
  readonly members: ReadonlyArray<{
    readonly memberId: string;
    readonly clientId: string;
    readonly host: string;
    readonly partitions: ReadonlyArray<{ readonly topic: string; readonly partition: number }>;
  }>;
}

/** Errors: EvpipeError with code EVPIPE_KAFKA_<PROTOCOL_ERROR_NAME> (…_TOPIC_ALREADY_EXISTS), or EVPIPE_KAFKA_UNREACHABLE (kind unreachable). */
export interface KafkaClient {
  /** Cluster id and brokers; the cheapest question that proves that Kafka answers. */
  describeCluster(): Promise<{
    clusterId: string;
    controllerId: number;
    brokers: ReadonlyArray<{ id: number; host: string; port: number }>;
  }>;
  listTopics(): Promise<readonly TopicDescription[]>;
  /** Undefined where the topic does not exist; never auto-creates. */
  describeTopic(name: string): Promise<TopicDescription | undefined>;
  createTopic(spec: NewTopic): Promise<void>;
  /** Throws as `createTopic` would, and makes nothing. */
  previewTopic(spec: NewTopic): Promise<TopicPreview>;
  createPartitions(topic: string, total: number): Promise<void>;
  deleteTopic(name: string): Promise<void>;
  deleteRecords(positions: readonly PartitionPosition[]): Promise<void>;
  topicConfig(topic: string): Promise<readonly TopicConfigEntry[]>;
  /** Incremental: null deletes the override. */
  alterTopicConfig(
    topic: string,
    changes: Readonly<Record<string, string | null>>,
    options?: { readonly validateOnly?: boolean },
  ): Promise<void>;

  /** Of all partitions, in their order, at 'earliest', 'latest' (with read_committed, the default, the last stable offset; else the log end) or the first offset at or after a time (end if none). */
  offsets(
    topic: string,
    at: 'earliest' | 'latest' | { readonly timestampMs: number },
    isolation?: 'read_committed' | 'read_uncommitted',
  ): Promise<readonly PartitionPosition[]>;
  listGroups(): Promise<ReadonlyArray<{ group: string; state: string; protocolType: string }>>;
  describeGroup(group: string): Promise<GroupDescription>;
  /** Committed offsets of all the group's partitions, or of the topics named. */
  committedOffsets(group: string, topics?: readonly string[]): Promise<readonly PartitionPosition[]>;
  /** Commits without membership (generation -1): for engines that assign partitions themselves. */
  commitOffsets(group: string, positions: readonly PartitionPosition[]): Promise<void>;
  /** Of a group that does not read these topics now. Where nothing is committed, there is nothing to do. */
  deleteOffsets(group: string, partitions: readonly TopicPartition[]): Promise<void>;
  deleteGroup(group: string): Promise<void>;

  /** Joins a classic consumer group; what it is assigned is read with a `reader`. */
  groupMember(options: GroupMemberOptions): GroupMember;
  /** The same, of a group that shares something else than partitions. */
  groupSession(options: GroupSessionOptions): GroupSession;
  reader(options: ReaderOptions): RecordReader;
  producer(options?: ProducerOptions): RecordProducer;
  transactionalProducer(options: TransactionalProducerOptions): TransactionalProducer;
  close(): Promise<void>;
}

export interface GroupMemberOptions {
  readonly group: string;
  /** Static membership (KIP-345): a member that comes back under its instance id takes its old place at once. */
  readonly instanceId?: string;
  /** The group rebalances, or has expelled this member: commit what is done, then join again. Called once per join. */
  onRebalance(): void;
}

export interface GroupSessionMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Buffer;
}

/** What the members of a classic group hand to each other: its name has to be the same for all. */
export interface GroupProtocol {
  readonly type: string;
  readonly name: string;
  /** What a member says of itself. */
  metadata(): Buffer;
  /** What each member gets; asked of the group's leader. */
  assign(
    members: readonly GroupSessionMember[],
    leader: string,
  ): Promise<ReadonlyArray<{ readonly memberId: string; readonly assignment: Buffer }>>;
}

export interface GroupSessionOptions extends GroupMemberOptions {
  readonly protocol: GroupProtocol;
  /** Default 45 s: a member that is silent for longer is expelled. */
  readonly sessionTimeoutMs?: number;
  /** The group has gone on without this member: what it had may be another's by now. It joins again once this has resolved. */
  onExpelled?(): Promise<void>;
}

export interface GroupSession {
  /** The last two assignments are of rounds one after the other: between them no other member can have had what was this one's. */
  readonly missedNone: boolean;
  /** Joins, or joins again. Resolves with what the leader assigned, which holds until `onRebalance`. */
  join(signal: AbortSignal): Promise<Buffer>;
  /**
   * Throws where this member's generation is over: others have what it was assigned. The broker is asked only where its last
   * answer is older than some heartbeats, as after a pause of the process.
   */
  confirm(): Promise<void>;
  /** False where the group may have gone on without this member, whether or not it has been told: its session may be over. */
  isMember(): boolean;
  leave(): Promise<void>;
}

export interface GroupMember {
  /** Joins, or joins again, with these topics. Resolves with the partitions that are this member's until `onRebalance`. */
  join(topics: readonly string[], signal: AbortSignal): Promise<readonly TopicPartition[]>;
  /** Throws where the member's generation is over. */
  commit(positions: readonly PartitionPosition[]): Promise<void>;
  leave(): Promise<void>;
}

export interface ReaderOptions {
  /** Where to begin; partitions can be added and removed while it runs. */
  readonly from: readonly PartitionPosition[];
  /** Default read_committed. */
  readonly isolation?: 'read_committed' | 'read_uncommitted';
  /** Bounds of one fetch; defaults 8 MiB, 1 MiB a partition, 500 ms of long polling. */
  readonly maxBytes?: number;
  readonly maxPartitionBytes?: number;
  readonly maxWaitMs?: number;
  readonly signal?: AbortSignal;
  /** Is called for each record, of which no object is made then: the batches are empty. For millions that are read at once. */
  readonly visit?: (record: RecordPlace) => void;
  /** What to do at an offset that retention has removed: default 'earliest' (and the batch says `skippedTo`). */
  readonly onOutOfRange?: 'earliest' | 'latest' | 'error';
}

export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
  /** The next offset to read: beyond control records and compacted gaps, so it can pass the last record's offset + 1. */
  readonly nextOffset: bigint;
  readonly highWatermark: bigint;
  readonly lastStableOffset: bigint;
  readonly skippedTo?: bigint;
}

/**
 * One fetch in flight ahead of the consumer of the iterator and no more: a slow reader holds the broker back. Leaving
 * the loop keeps the reader and its position, for another loop; so does an error that it throws (Kafka unreachable for
 * longer than the request timeout, a topic that does not exist). `close` ends the loop, an aborted signal throws its
 * reason. A topic that was made again under its name is read from its start, and the batch says `skippedTo`.
 */
export interface RecordReader extends AsyncIterable<RecordBatch> {
  assign(positions: readonly PartitionPosition[]): void;
  unassign(partitions: ReadonlyArray<{ topic: string; partition: number }>): void;
  position(topic: string, partition: number): bigint | undefined;
  close(): Promise<void>;
}

export interface ProducerOptions {
  /** Default true: enable.idempotence, in order, no duplicates over retries. acks=all always. */
  readonly idempotent?: boolean;
  /** Default 0: a batch leaves as soon as a request slot is free. */
  readonly lingerMs?: number;
  readonly maxBatchBytes?: number;
  /** Default 32 MiB waiting in memory; `ready` waits for room. */
  readonly bufferBytes?: number;
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
}

export interface RecordProducer {
  /** Queues; never blocks. A failed record fails the next `flush` (and every one after it: a producer that lost a record is over). */
  append(record: OutgoingRecord): void;
  /** Resolves when there is room in the buffer: await it between appends. Undefined: there is room now, no need to await. */
  room(): Promise<void> | undefined;
  /** Resolves when all that was appended before the call is acknowledged. */
  flush(): Promise<void>;
  /** Appends, flushes, and gives the offsets in order of the records. */
  send(records: readonly OutgoingRecord[]): Promise<readonly PartitionPosition[]>;
  close(): Promise<void>;
}

export interface TransactionOptions {
  readonly transactionalId: string;
  /** Default 60 s: a transaction that is open for longer is aborted by its coordinator, and its producer fenced. */
  readonly transactionTimeoutMs?: number;
}

export interface TransactionalProducerOptions extends Omit<ProducerOptions, 'idempotent'>, TransactionOptions {}

/**
 * What is written between two ends counts as one, or not at all (KIP-98); a transaction begins with the first record or
 * offset. A newer producer of the same transactional id fences this one: EVPIPE_KAFKA_PRODUCER_FENCED or
 * …_INVALID_PRODUCER_EPOCH. After a failure it is over: a new producer of this id settles what it left open.
 */
export interface TransactionalProducer extends RecordProducer {
  /** Fences earlier producers of this id and aborts what they left open. Without it the first record or offset does so. */
  init(): Promise<void>;
  /** Without membership, as `commitOffsets`. */
  sendOffsets(group: string, positions: readonly PartitionPosition[]): Promise<void>;
  /** Nothing may be appended until it resolves. */
  commit(): Promise<void>;
  /** Nothing may be appended until it resolves. */
  abort(): Promise<void>;
}

/** clients/kafka/client.ts exports this. Connects lazily; throws nothing by itself. */
export type ConnectKafka = (options: KafkaClientOptions) => KafkaClient;
