import type { KafkaClient, KafkaRecord, PartitionPosition } from '../../clients/kafka/contract.js';
import { offsetSum } from '../../clients/kafka/offset-sum.js';
import { readToEnd } from '../../clients/kafka/read-topic.js';
import { connectClient } from '../../kinds/connector/client.js';
import { groupLag } from '../../kinds/flow/group-lag.js';
import type { Session } from '../../kinds/session.js';
import { kafkaClient } from '../../kinds/topic/client.js';
import { server } from '../../targets/component.js';
import { requireTopic } from '../topics/topic-named.js';
import { contextOf, type DeadLetterContext } from './context.js';

/** What people call topics for records that failed: `orders.DLT`, `orders-dlq`, `dead-letters`. */
const NAMED_SO = /(^|[-_.])(dlq|dlt|dead-?letters?)([-_.]|$)/i;
const TOPIC_OPTION = 'errors.deadletterqueue.topic.name';

export interface DeadLetterTopic {
  readonly topic: string;
  /** Connectors that put there what they can't handle; empty: it is only called so. */
  readonly of: readonly string[];
  /** Absent: it is made with the first record. */
  readonly records: string | undefined;
  /** Those that were never replayed. */
  readonly waiting: string | undefined;
}

export interface DeadLetter extends DeadLetterContext {
  readonly record: KafkaRecord;
}

/** Where replays note how far they are: a record is sent once, however often a replay is asked for. */
export const replayGroup = (topic: string): string => `evpipe-replay-${topic}`;

/** The dead letter topics of connectors, declared or running, and those that are called so. */
export async function deadLetterTopics(session: Session): Promise<readonly DeadLetterTopic[]> {
  const kafka = await kafkaClient(session.clients);
  const known = (await kafka.listTopics()).filter(({ internal }) => !internal).map(({ name }) => name);
  const of = await topicsOfConnectors(session);
  const topics = [...new Set([...of.keys(), ...known.filter((name) => NAMED_SO.test(name))])].sort();
  return Promise.all(
    topics.map(async (topic): Promise<DeadLetterTopic> => {
      const connectors = of.get(topic) ?? [];
      if (!known.includes(topic)) return { topic, of: connectors, records: undefined, waiting: undefined };
      const [starts, ends] = await Promise.all([kafka.offsets(topic, 'earliest'), kafka.offsets(topic, 'latest')]);
      const { behind } = await groupLag(kafka, replayGroup(topic), [topic]);
      return { topic, of: connectors, records: String(offsetSum(ends) - offsetSum(starts)), waiting: String(behind) };
    }),
  );
}

async function topicsOfConnectors(session: Session): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const add = (name: string, config: Readonly<Record<string, string>> | undefined): void => {
    const topic = config?.[TOPIC_OPTION]?.trim() ?? '';
    const names = found.get(topic) ?? [];
    if (topic !== '' && !names.includes(name)) found.set(topic, [...names, name]);
  };
  for (const { name, config } of session.pipeline.connectors) add(name, config);
  if ((await session.target.endpoint(server('connect'))) === undefined) return found;
  const connect = await connectClient(session.clients);
  for (const name of await connect.connectors()) add(name, await connect.config(name));
  return found;
}

/** The records of a dead letter topic with why they are there, in the order of their partitions. Throws EVPIPE_TOPIC_MISSING (kind usage). */
export async function* deadLetters(
  session: Session,
  topic: string,
  from?: readonly PartitionPosition[],
): AsyncGenerator<DeadLetter> {
  const kafka = await kafkaClient(session.clients);
  await requireTopic(kafka, topic);
  for await (const { records } of readToEnd(kafka, topic, { ...(from && { from }), signal: session.signal }))
    for (const record of records) yield { ...contextOf(record.headers), record };
}

/** Where a replay continues: after what was replayed, or (all) at the beginning. */
export async function replayFrom(
  kafka: KafkaClient,
  topic: string,
  all: boolean,
): Promise<readonly PartitionPosition[]> {
  const starts = await kafka.offsets(topic, 'earliest');
  if (all) return starts;
  const committed = await kafka.committedOffsets(replayGroup(topic), [topic]);
  return starts.map((start) => {
    const offset = committed.find(({ partition }) => partition === start.partition)?.offset ?? start.offset;
    // Retention may have gone past what was replayed.
    return offset < start.offset ? start : { ...start, offset };
  });
}
