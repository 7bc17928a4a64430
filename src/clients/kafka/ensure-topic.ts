import { waitUntil } from '../../support/retry.js';
import type { KafkaClient, NewTopic, TopicDescription } from './contract.js';
import { hasCode } from './kafka-errors.js';

/** A topic that somebody else makes at this moment is known to one broker before it is known to all. */
const KNOWN_WITHIN_MS = 10_000;

/** Makes the topic where it does not exist, whoever else does so at the same time. Undefined: this call has made it. */
export async function ensureTopic(kafka: KafkaClient, spec: NewTopic): Promise<TopicDescription | undefined> {
  const known = await kafka.describeTopic(spec.name);
  if (known !== undefined) return known;
  try {
    await kafka.createTopic(spec);
    return undefined;
  } catch (failure) {
    if (!hasCode(failure, 'TOPIC_ALREADY_EXISTS')) throw failure;
    return waitUntil(`topic ${spec.name}`, () => kafka.describeTopic(spec.name), { timeoutMs: KNOWN_WITHIN_MS });
  }
}
