import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { MalformedMessage } from '../../../protocol/kafka/malformed.js';
import { produce } from '../../../protocol/kafka/messages/produce.js';
import {
  BATCH_HEADER_BYTES,
  hasValidCrc,
  isTransactional,
  magicOf,
  producerEpochOf,
  producerIdOf,
  setAppendTime,
  sizeOf,
} from '../../../protocol/kafka/record-batch.js';
import type { RequestOf, ResponseInput } from '../../../protocol/kafka/schema.js';
import { checkRecords, RefusedRecords } from '../log/check-records.js';
import { codecsFor, loadCodecs, storedBatch } from '../log/stored-batch.js';
import { type Call, throttled } from '../server/call.js';
import type { Topic } from '../topics/topic.js';
import { handler } from './handler.js';

type Answer = ResponseInput<typeof produce>;
type PartitionAnswer = NonNullable<NonNullable<Answer['responses']>[number]['partitionResponses']>[number];

/** A produce that is refused: the protocol's error, and what a person reads of it. */
class Refused extends Error {
  constructor(
    readonly error: ErrorName,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Supports: versions 3 to 13, acks 0, 1 and all (which are one on one node), idempotent and transactional batches.
 * Behaviour: each batch is stored as it came, with base offset and leader epoch set; duplicates of an idempotent
 * producer are answered with the offset they got the first time.
 */
export const produceHandler = handler(
  produce,
  { supports: 'acks 0, 1 and all; idempotent and transactional producers; LogAppendTime; all compressions.' },
  (request, call) => {
    const codecs = request.topicData.flatMap(({ name, topicId, partitionData }) => {
      const topic = topicOf(call, name, topicId);
      return partitionData.flatMap(({ records }) =>
        topic === undefined || records === null || records.length < BATCH_HEADER_BYTES
          ? []
          : codecsFor(records, topic.settings),
      );
    });
    return codecs.length === 0 ? answer(request, call) : loadCodecs(codecs).then(() => answer(request, call));
  },
);

const topicOf = (call: Call, name: string, topicId: string): Topic | undefined =>
  call.version >= 13 ? call.broker.topics.getById(topicId) : call.broker.topics.get(name);

function answer(request: RequestOf<typeof produce>, call: Call): Answer | undefined {
  const responses = request.topicData.map(({ name, topicId, partitionData }) => {
    const topic = topicOf(call, name, topicId);
    const partitionResponses = partitionData.map(({ index, records }) =>
      answerPartition(call, request, topic, index, records),
    );
    return { name, topicId, partitionResponses };
  });
  const bytes = request.topicData.reduce((sum, { partitionData }) => sum + sizeOfAll(partitionData), 0);
  const throttleTimeMs = throttled(call, 'producer_byte_rate', bytes);
  if (request.acks !== 0) return { responses, throttleTimeMs };
  // No answer can tell that something was refused: the end of the connection makes the client ask for metadata anew.
  if (responses.some(({ partitionResponses }) => partitionResponses.some(({ errorCode }) => errorCode))) {
    call.peer.destroy();
  }
  return undefined;
}

const sizeOfAll = (partitions: ReadonlyArray<{ readonly records: Buffer | null }>): number =>
  partitions.reduce((sum, { records }) => sum + (records?.length ?? 0), 0);

function answerPartition(
  call: Call,
  request: RequestOf<typeof produce>,
  topic: Topic | undefined,
  index: number,
  records: Buffer | null,
): PartitionAnswer {
  try {
    return append(call, request, topic, index, records);
  } catch (failure) {
    const [error, errorMessage] = refusalOf(failure, call, topic, index);
    const refused = { index, errorCode: errorCode(error), errorMessage, baseOffset: -1n, logAppendTimeMs: -1n };
    if (!(failure instanceof RefusedRecords)) return refused;
    const logStartOffset = BigInt(topic?.log(index)?.startOffset ?? -1);
    return { ...refused, logStartOffset, recordErrors: [...failure.recordErrors] };
  }
}

function refusalOf(
  failure: unknown,
  call: Call,
  topic: Topic | undefined,
  index: number,
): readonly [ErrorName, string] {
  if (failure instanceof Refused || failure instanceof RefusedRecords) return [failure.error, failure.message];
  if (failure instanceof MalformedMessage) return ['INVALID_RECORD', failure.message];
  const message = failure instanceof Error ? failure.message : String(failure);
  call.broker.log.error('could not append', { partition: `${topic?.name}-${index}`, failure: message });
  return ['KAFKA_STORAGE_ERROR', message];
}

function append(
  call: Call,
  request: RequestOf<typeof produce>,
  topic: Topic | undefined,
  index: number,
  records: Buffer | null,
): PartitionAnswer {
  const { broker } = call;
  if (topic === undefined) {
    throw new Refused(call.version >= 13 ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
  }
  const log = topic.log(index);
  if (log === undefined) throw new Refused('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such partition');
  const { settings } = topic;
  if (topic.internal) throw new Refused('INVALID_TOPIC_EXCEPTION', `Cannot append to internal topic ${topic.name}`);
  if (request.acks !== 0 && request.acks !== 1 && request.acks !== -1) {
    throw new Refused('INVALID_REQUIRED_ACKS', `acks ${request.acks}`);
  }
  if (request.acks === -1 && settings.minInsyncReplicas > 1) {
    throw new Refused(
      'NOT_ENOUGH_REPLICAS',
      `min.insync.replicas is ${settings.minInsyncReplicas}, there is one replica`,
    );
  }
  const batch = checkBatch(records, settings.maxMessageBytes);
  checkRecords(batch, `${topic.name}-${index}`, settings, broker.clock.now());
  if (producerIdOf(batch) >= 0) {
    const verdict = log.producers.check(batch);
    if (verdict.kind === 'error') throw new Refused(verdict.error, 'the sequence does not follow the last one');
    if (verdict.kind === 'duplicate') {
      const { firstOffset, timestampMs } = verdict.of;
      return answered(index, firstOffset, settings.logAppendTime ? timestampMs : -1, log.startOffset);
    }
  }
  if (isTransactional(batch)) admitTransactional(call, request.transactionalId, batch, topic, index);
  const stored = storedBatch(batch, settings);
  let appendTime = -1;
  if (settings.logAppendTime) {
    appendTime = broker.clock.now();
    setAppendTime(stored, appendTime);
  }
  const baseOffset = log.append(stored, settings);
  return answered(index, baseOffset, appendTime, log.startOffset);
}

const answered = (index: number, baseOffset: number, appendTime: number, startOffset: number): PartitionAnswer => ({
  index,
  baseOffset: BigInt(baseOffset),
  logAppendTimeMs: BigInt(appendTime),
  logStartOffset: BigInt(startOffset),
});

/** The one batch of a partition's records, whole and intact. */
function checkBatch(records: Buffer | null, bytesMax: number): Buffer {
  if (records === null || records.length === 0) throw new Refused('INVALID_RECORD', 'there is no record batch');
  if (records.length < BATCH_HEADER_BYTES) throw new Refused('CORRUPT_MESSAGE', 'there is no whole record batch');
  if (magicOf(records) !== 2) {
    throw new Refused('INVALID_RECORD', `message format ${magicOf(records)}; produce requests carry format 2`);
  }
  const size = sizeOf(records);
  if (size !== records.length) {
    throw new Refused('INVALID_RECORD', `one batch of ${records.length} bytes was expected; its length says ${size}`);
  }
  if (size > bytesMax) {
    throw new Refused('MESSAGE_TOO_LARGE', `a batch of ${size} bytes; max.message.bytes is ${bytesMax}`);
  }
  if (!hasValidCrc(records)) throw new Refused('CORRUPT_MESSAGE', 'the CRC does not match');
  return records;
}

/** From this version on a produce itself adds its partition to the transaction (KIP-890). */
const ADDS_PARTITION = 12;

function admitTransactional(call: Call, id: string | null, batch: Buffer, topic: Topic, index: number): void {
  const { transactions } = call.broker;
  if (id === null) {
    throw new Refused('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'a transactional batch without transactional id');
  }
  const producer = { producerId: producerIdOf(batch), epoch: producerEpochOf(batch) };
  const error = transactions.check(id, producer);
  if (error !== undefined) {
    // Producers know fencing by this error here, whatever their version.
    throw new Refused(error === 'PRODUCER_FENCED' ? 'INVALID_PRODUCER_EPOCH' : error, `transactional id ${id}`);
  }
  if (transactions.has(id, topic.name, index)) return;
  if (call.version < ADDS_PARTITION) {
    throw new Refused('INVALID_TXN_STATE', `${topic.name}-${index} was not added to the transaction`);
  }
  const refused = transactions.addPartitions(id, producer, [{ topic: topic.name, partitions: [index] }]);
  if (refused !== undefined) throw new Refused(refused, `transactional id ${id}`);
}
