import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { deleteTopics } from '../../../protocol/kafka/messages/delete-topics.js';
import { ZERO_UUID } from '../../../protocol/kafka/schema.js';
import { CLUSTER_NAME } from '../security/acl.js';
import { type Call, may } from '../server/call.js';
import { deleteTopic } from '../topics/create.js';
import { handler } from './handler.js';
import { mutations, QUOTA_EXCEEDED } from './mutations.js';

/** From this version on clients know THROTTLING_QUOTA_EXCEEDED here. */
const REFUSES_FROM = 5;

/** Supports: versions 1 to 6, by name and by topic id. Behaviour: committed offsets of the topic go with it. */
export const deleteTopicsHandler = handler(deleteTopics, { supports: 'By name and by topic id.' }, (request, call) => {
  const { broker, version } = call;
  const quota = mutations(call, REFUSES_FROM);
  const wanted =
    version >= 6
      ? request.topics
      : request.topicNames.map((name) => ({ name: name as string | null, topicId: ZERO_UUID }));
  const responses = wanted.map(({ name, topicId }) => {
    const topic = name === null ? broker.topics.getById(topicId) : broker.topics.get(name);
    const refused = refusal(call, name, topic?.name);
    if (refused !== undefined) return { ...refused, topicId };
    if (topic === undefined) {
      const error: ErrorName = name === null ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION';
      const errorMessage = name === null ? null : `This server does not host this topic-partition.`;
      return { name, topicId, errorCode: errorCode(error), errorMessage };
    }
    if (!quota.admit(topic.partitions)) return { name: topic.name, topicId: topic.id, ...QUOTA_EXCEEDED };
    deleteTopic(broker, topic);
    return { name: topic.name, topicId: topic.id, errorCode: 0 };
  });
  return { responses, throttleTimeMs: quota.throttleTimeMs() };
});

/** Who may not describe a topic is told its name only where it was asked by it. */
function refusal(call: Call, asked: string | null, found: string | undefined) {
  const name = asked ?? found;
  if (name === undefined || may(call, 'DELETE', 'CLUSTER', CLUSTER_NAME)) return undefined;
  const mayDescribe = may(call, 'DESCRIBE', 'TOPIC', name);
  if (mayDescribe && may(call, 'DELETE', 'TOPIC', name)) return undefined;
  return {
    name: mayDescribe ? name : asked,
    errorCode: errorCode('TOPIC_AUTHORIZATION_FAILED'),
    errorMessage: 'Topic authorization failed.',
  };
}
