import { MIN_INSYNC, type TopicDescription } from '../../clients/kafka/contract.js';
import { counted } from '../../support/counted.js';
import { server } from '../../targets/component.js';
import type { Diagnosis } from '../diagnosis.js';
import type { Session } from '../session.js';
import type { AskedReplicas } from './asked-replicas.js';
import { kafkaClient } from './client.js';
import { tooManyReplicas } from './replica-objections.js';
import type { TopicSection } from './section.js';

/**
 * Whose cluster answers, and the declared topics: there, with as many partitions as declared, with brokers for their replicas (and
 * for those that streams and connectors ask for), and with enough of them in sync to be written to.
 */
export async function examineKafka(session: Session): Promise<readonly Diagnosis[]> {
  const { clients, pipeline } = session;
  const kafka = await kafkaClient(clients);
  const { brokers, clusterId } = await kafka.describeCluster();
  const says = `${counted(brokers.length, 'broker')}, cluster ${clusterId}`;
  const live = new Map((await kafka.listTopics()).map((topic) => [topic.name, topic]));
  const { replication = 1 } = (await clients.endpoint(server('kafka'))).host;
  const missing = pipeline.topics.filter(({ name }) => !live.has(name));
  // Before the first `up` none is there: nothing is wrong with that.
  const gone = missing.length === pipeline.topics.length ? [] : missing;
  return [
    { about: 'kafka', health: 'good', says },
    ...gone.map(
      ({ name }): Diagnosis => ({
        about: `topic ${name}`,
        health: 'warning',
        says: 'does not exist',
        todo: 'evpipe up creates it.',
      }),
    ),
    ...pipeline.topics.flatMap((topic) => {
      const there = live.get(topic.name);
      return there === undefined
        ? beforeItIsMade(topic, topic.replicationFactor ?? replication, brokers.length)
        : asItIs(topic, there);
    }),
    ...(await tooManyReplicas(session)).map(tooMany),
  ];
}

/** A connector may have made all of its topics long ago. */
const tooMany = ({ who, wanted, topic }: Omit<AskedReplicas, 'place'>): Diagnosis => ({
  about: who,
  health: topic === undefined ? 'warning' : 'bad',
  says: `wants ${counted(wanted, 'replica')}, but there are fewer brokers`,
  todo: 'Declare fewer replicas, or add brokers.',
});

function beforeItIsMade({ name, config }: TopicSection, replicas: number, brokers: number): readonly Diagnosis[] {
  const about = `topic ${name}`;
  if (replicas > brokers) return [tooMany({ who: about, wanted: replicas, topic: name })];
  const least = Number(config[MIN_INSYNC] ?? 1);
  if (least <= brokers) return [];
  const says = `wants ${MIN_INSYNC} ${least}, but there are fewer brokers`;
  return [{ about, health: 'bad', says, todo: `Declare a lower ${MIN_INSYNC}, or add brokers.` }];
}

function asItIs({ name, partitions, config }: TopicSection, there: TopicDescription): readonly Diagnosis[] {
  const about = `topic ${name}`;
  const found: Diagnosis[] = [];
  if (there.partitions.length < partitions) {
    const says = `has ${there.partitions.length} of ${partitions} declared partitions: a client may have created it by use`;
    found.push({ about, health: 'warning', says, todo: 'evpipe up adds them; keys move to other partitions.' });
  }
  const least = Number(config[MIN_INSYNC] ?? 1);
  const short = there.partitions.filter(({ isr }) => isr.length < least);
  if (short.length > 0) {
    const says = `${counted(short.length, 'partition')} of ${there.partitions.length} can’t be written to: fewer than ${least} replicas in sync`;
    found.push({ about, health: 'bad', says, todo: 'Start the brokers that are down.' });
  }
  return found;
}
