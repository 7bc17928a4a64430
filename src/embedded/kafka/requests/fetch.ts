import { errorCode } from '../../../protocol/kafka/errors.js';
import { fetch } from '../../../protocol/kafka/messages/fetch.js';
import { type RequestOf, type ResponseInput, ZERO_UUID } from '../../../protocol/kafka/schema.js';
import { FetchPlan } from '../fetch/plan.js';
import { type FetchSession, isUnchanged, type PartitionResult, type SessionPartition } from '../fetch/sessions.js';
import { waitForData } from '../fetch/wait.js';
import { OutgoingRange } from '../log/file-range.js';
import { type Call, may, throttled } from '../server/call.js';
import { handler } from './handler.js';

type Request = RequestOf<typeof fetch>;
type Answer = ResponseInput<typeof fetch>;
type PartitionAnswer = NonNullable<NonNullable<Answer['responses']>[number]['partitions']>[number];

/**
 * Supports: versions 4 to 18, incremental sessions (KIP-227), long polling, read_committed with the aborted transactions.
 * Behaviour: an answer comes as soon as minBytes are there, or after maxWaitMs; the first batch comes whole, however
 * large; of one partition only one segment's part is sent at a time.
 */
export const fetchHandler = handler(
  fetch,
  {
    supports: 'Sessions, long polling, read_committed, leader epochs.',
    lacks: 'Follower fetching and rack awareness.',
  },
  (request, call) => {
    const opened = openSession(request, call);
    if (typeof opened === 'string') return { errorCode: errorCode(opened) };
    const { partitions, isEmpty, session, incremental } = opened;
    const readCommitted = request.isolationLevel === 1;
    const continued = incremental ? session : undefined;
    continued?.follow(call.peer, readCommitted);
    const plan = new FetchPlan(call.broker, {
      ...{ partitions, session: continued, isEmpty, readCommitted },
      maxBytes: request.maxBytes,
      byId: call.version >= 13,
      mayRead: (name) => may(call, 'READ', 'TOPIC', name),
    });
    const results = waitForData(plan, request, call);
    return results instanceof Promise
      ? results.then((later) => answer(later, session, incremental, call))
      : answer(results, session, incremental, call);
  },
);

interface Opened {
  readonly partitions: Iterable<SessionPartition>;
  readonly isEmpty: boolean;
  readonly session: FetchSession | undefined;
  readonly incremental: boolean;
}

function openSession(
  request: Request,
  call: Call,
): Opened | 'FETCH_SESSION_ID_NOT_FOUND' | 'INVALID_FETCH_SESSION_EPOCH' {
  const { sessions } = call.broker;
  if (request.sessionEpoch <= 0) {
    if (request.sessionId !== 0) sessions.remove(request.sessionId);
    const partitions = new Map<string, SessionPartition>();
    const found = (key: string): SessionPartition | undefined => partitions.get(key);
    eachWanted(request, call, found, (key, partition) => partitions.set(key, partition));
    const isEmpty = partitions.size === 0;
    const session = request.sessionEpoch === 0 && !isEmpty ? sessions.create(partitions) : undefined;
    return { partitions: [...partitions.values()], isEmpty, session, incremental: false };
  }
  const session = sessions.continue(request.sessionId, request.sessionEpoch);
  if (typeof session === 'string') return session;
  for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
    for (const partition of partitions) session.forget(keyOf(call.version, topic, topicId, partition));
  }
  const found = (key: string): SessionPartition | undefined => session.get(key);
  eachWanted(request, call, found, (key, partition) => session.ask(key, partition));
  return { partitions: session.fresh, isEmpty: session.size === 0, session, incremental: true };
}

const keyOf = (version: number, topic: string, topicId: string, partition: number): string =>
  `${version >= 13 ? topicId : topic}/${partition}`;

function eachWanted(
  request: Request,
  call: Call,
  find: (key: string) => SessionPartition | undefined,
  each: (key: string, partition: SessionPartition) => void,
): void {
  for (const { topic, topicId, partitions } of request.topics) {
    for (const wanted of partitions) {
      const key = keyOf(call.version, topic, topicId, wanted.partition);
      const entry: SessionPartition = find(key) ?? {
        topic,
        topicId,
        partition: wanted.partition,
        fetchOffset: 0,
        maxBytes: 0,
        currentLeaderEpoch: -1,
        lastFetchedEpoch: -1,
        answered: undefined,
      };
      entry.fetchOffset = Number(wanted.fetchOffset);
      entry.maxBytes = wanted.partitionMaxBytes;
      entry.currentLeaderEpoch = wanted.currentLeaderEpoch;
      entry.lastFetchedEpoch = wanted.lastFetchedEpoch;
      each(key, entry);
    }
  }
}

function answer(
  results: readonly PartitionResult[],
  session: FetchSession | undefined,
  incremental: boolean,
  call: Call,
): Answer {
  const topics = new Map<string, { topic: string; topicId: string; partitions: PartitionAnswer[] }>();
  for (const result of results) {
    const { asked } = result;
    if (incremental && isUnchanged(result)) continue;
    if (session !== undefined) {
      asked.answered = {
        highWatermark: result.highWatermark,
        startOffset: result.startOffset,
        lastStableOffset: result.lastStableOffset,
      };
      if (result.range !== undefined) session.served(asked);
    }
    const name = asked.topicId === ZERO_UUID ? asked.topic : asked.topicId;
    let topic = topics.get(name);
    if (topic === undefined) {
      topic = { topic: asked.topic, topicId: asked.topicId, partitions: [] };
      topics.set(name, topic);
    }
    topic.partitions.push(partitionAnswer(result));
  }
  const bytes = results.reduce((sum, { range }) => sum + (range?.length ?? 0), 0);
  const throttleTimeMs = throttled(call, 'consumer_byte_rate', bytes);
  return { sessionId: session?.id ?? 0, responses: [...topics.values()], throttleTimeMs };
}

function partitionAnswer(result: PartitionResult): PartitionAnswer {
  return {
    partitionIndex: result.asked.partition,
    errorCode: result.error === undefined ? 0 : errorCode(result.error),
    highWatermark: BigInt(result.highWatermark),
    lastStableOffset: BigInt(result.lastStableOffset),
    logStartOffset: BigInt(result.startOffset),
    abortedTransactions:
      result.aborted?.map(({ producerId, firstOffset }) => ({
        producerId: BigInt(producerId),
        firstOffset: BigInt(firstOffset),
      })) ?? null,
    divergingEpoch:
      result.divergingEndOffset === undefined ? undefined : { epoch: 0, endOffset: BigInt(result.divergingEndOffset) },
    records: result.range === undefined ? EMPTY : new OutgoingRange(result.range),
  };
}

/** Some clients cannot read null where records are expected. */
const EMPTY = Buffer.alloc(0);
