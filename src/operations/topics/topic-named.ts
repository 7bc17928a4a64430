import type { KafkaClient, TopicDescription } from '../../clients/kafka/contract.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { EvpipeError } from '../../support/errors.js';

/** Throws EVPIPE_TOPIC_MISSING (kind usage) with the name that was meant, or those there are. */
export async function requireTopic(kafka: KafkaClient, topic: string): Promise<TopicDescription> {
  const described = await kafka.describeTopic(topic);
  if (described !== undefined) return described;
  const known = (await kafka.listTopics())
    .filter(({ internal, name }) => !internal && !name.startsWith('_'))
    .map(({ name }) => name);
  throw new EvpipeError('EVPIPE_TOPIC_MISSING', `there is no topic ${topic}${didYouMean(topic, known)}`, {
    kind: 'usage',
    ...(known.length === 0 ? { todo: 'There is no topic yet.' } : {}),
  });
}
