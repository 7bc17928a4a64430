import { counted } from '../../support/counted.js';
import type { Diagnosis } from '../diagnosis.js';
import type { Session } from '../session.js';
import { kafkaClient } from './client.js';

/** Whose cluster answers, and the declared topics: there, with as many partitions as declared, and with brokers for their replicas. */
export async function examineKafka({ clients, pipeline }: Session): Promise<readonly Diagnosis[]> {
  const kafka = await kafkaClient(clients);
  const { brokers, clusterId } = await kafka.describeCluster();
  const says = `${counted(brokers.length, 'broker')}, cluster ${clusterId}`;
  const live = new Map((await kafka.listTopics()).map(({ name, partitions }) => [name, partitions.length]));
  const found: Diagnosis[] = [{ about: 'kafka', health: 'good', says }];
  const missing = pipeline.topics.filter(({ name }) => !live.has(name));
  // Before the first `up` none is there: nothing is wrong with that.
  for (const { name } of missing.length === pipeline.topics.length ? [] : missing)
    found.push({ about: `topic ${name}`, health: 'warning', says: 'does not exist', todo: 'evpipe up creates it.' });
  for (const { name, partitions, replicationFactor = 1 } of pipeline.topics) {
    const about = `topic ${name}`;
    const there = live.get(name);
    if (there !== undefined && there < partitions) {
      const fewer = `has ${there} of ${partitions} declared partitions: a client may have created it by use`;
      found.push({
        about,
        health: 'warning',
        says: fewer,
        todo: 'evpipe up adds them; keys move to other partitions.',
      });
    }
    if (there === undefined && replicationFactor > brokers.length) {
      const wants = `wants ${replicationFactor} replicas, but there are fewer brokers`;
      found.push({ about, health: 'bad', says: wants, todo: 'Leave replication out, or add brokers.' });
    }
  }
  return found;
}
