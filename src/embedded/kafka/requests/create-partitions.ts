import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { createPartitions } from '../../../protocol/kafka/messages/create-partitions.js';
import type { RequestOf } from '../../../protocol/kafka/schema.js';
import { messageOf } from '../../../support/errors.js';
import type { Broker } from '../broker.js';
import { isOfFileSystem } from '../storage-errors.js';
import { handler } from './handler.js';
import { mutations, QUOTA_EXCEEDED } from './mutations.js';

/** From this version on clients know THROTTLING_QUOTA_EXCEEDED here. */
const REFUSES_FROM = 3;

type Wanted = RequestOf<typeof createPartitions>['topics'][number];

const PARTITIONS_MAX = 10_000;

/** Supports: versions 0 to 3, manual assignments (to this one broker), validate-only. Behaviour: never fewer. */
export const createPartitionsHandler = handler(
  createPartitions,
  { supports: 'More partitions, with or without assignments; validate-only.' },
  (request, call) => {
    const { broker } = call;
    const quota = mutations(call, REFUSES_FROM);
    const results = request.topics.map((wanted) => {
      const refusal = refuse(broker, wanted);
      if (refusal !== undefined) {
        return { name: wanted.name, errorCode: errorCode(refusal[0]), errorMessage: refusal[1] };
      }
      const added = wanted.count - (broker.topics.get(wanted.name)?.partitions ?? 0);
      if (!quota.admit(added)) return { name: wanted.name, ...QUOTA_EXCEEDED };
      if (request.validateOnly) return { name: wanted.name };
      try {
        const topic = broker.topics.get(wanted.name);
        if (topic !== undefined) broker.topics.grow(topic, wanted.count);
      } catch (failure) {
        if (!isOfFileSystem(failure)) throw failure;
        return { name: wanted.name, errorCode: errorCode('KAFKA_STORAGE_ERROR'), errorMessage: messageOf(failure) };
      }
      broker.log.info('added partitions', { topic: wanted.name, partitions: wanted.count });
      return { name: wanted.name };
    });
    return { results, throttleTimeMs: quota.throttleTimeMs() };
  },
);

function refuse(broker: Broker, { name, count, assignments }: Wanted): readonly [ErrorName, string] | undefined {
  const topic = broker.topics.get(name);
  if (topic === undefined) return ['UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`];
  // Which partition has what is known of a group follows from their number.
  if (topic.internal)
    return ['INVALID_TOPIC_EXCEPTION', `The number of partitions of the internal topic ${name} cannot be changed.`];
  const now = topic.partitions;
  if (count === now) return ['INVALID_PARTITIONS', `Topic already has ${now} partition(s).`];
  if (count < now) {
    return [
      'INVALID_PARTITIONS',
      `The topic ${name} currently has ${now} partition(s); ${count} would not be an increase.`,
    ];
  }
  if (count > PARTITIONS_MAX) return ['INVALID_PARTITIONS', `${count} partitions are more than ${PARTITIONS_MAX}`];
  if (assignments === null) return undefined;
  if (assignments.length !== count - now) {
    return [
      'INVALID_REPLICA_ASSIGNMENT',
      `Attempted to add ${count - now} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
    ];
  }
  const elsewhere = assignments.find(({ brokerIds }) => brokerIds.length !== 1 || brokerIds[0] !== broker.nodeId);
  return elsewhere === undefined
    ? undefined
    : [
        'INVALID_REPLICA_ASSIGNMENT',
        `The assignment names brokers ${elsewhere.brokerIds.join(', ')}; there is broker 1`,
      ];
}
