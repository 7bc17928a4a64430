import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { offsetDelete } from '../../../protocol/kafka/messages/offset-delete.js';
import { stored } from '../storage-errors.js';
import { handler } from './handler.js';

/** Supports: version 0. Behaviour: offsets of topics that a member is subscribed to are refused. */
export const offsetDeleteHandler = handler(
  offsetDelete,
  { supports: 'Offsets of topics that the group is not subscribed to.' },
  (request, { broker }) => {
    const subscribed = broker.groups.subscribedTopics(request.groupId);
    if (typeof subscribed === 'string') return { errorCode: errorCode(subscribed) };
    return {
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => {
          const error: ErrorName | undefined = subscribed.has(name)
            ? 'GROUP_SUBSCRIBED_TO_TOPIC'
            : broker.topics.get(name)?.has(partitionIndex) === true
              ? stored(broker, 'the deletion of an offset', (): undefined => {
                  broker.groups.offsets.delete(request.groupId, [{ topic: name, partition: partitionIndex }]);
                })
              : 'UNKNOWN_TOPIC_OR_PARTITION';
          return { partitionIndex, errorCode: error === undefined ? 0 : errorCode(error) };
        }),
      })),
    };
  },
);
