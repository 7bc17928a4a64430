import { counted } from '../../support/counted.js';
import { readKsqlFiles } from '../ksqldb/ksql-files.js';
import type { Change } from '../resource.js';
import type { Session } from '../session.js';
import { type AskedReplicas, askedReplicas } from './asked-replicas.js';
import { kafkaClient } from './client.js';
import { FEWER_REPLICAS } from './resource.js';

/** What asks for more replicas than there are brokers; a topic that is there already is not made. Asks Kafka only where something asks. */
export async function tooManyReplicas({ pipeline, clients }: Session): Promise<readonly AskedReplicas[]> {
  const asked = askedReplicas(pipeline, readKsqlFiles(pipeline), pipeline.folder);
  if (asked.length === 0) return [];
  const kafka = await kafkaClient(clients);
  const [{ brokers }, topics] = await Promise.all([kafka.describeCluster(), kafka.listTopics()]);
  const there = new Set<string | undefined>(topics.map(({ name }) => name));
  return asked.filter(({ wanted, topic }) => wanted > brokers.length && !there.has(topic));
}

/** The same as objections to what asks, chosen by its place or name. */
export async function replicaObjections(
  session: Session,
  isMeant: (asked: AskedReplicas) => boolean,
): Promise<readonly Change[]> {
  return (await tooManyReplicas(session)).filter(isMeant).map(({ who, wanted, place }) => ({
    summary: 'replication',
    refused: {
      code: 'EVPIPE_REPLICATION',
      why: `${who} wants ${counted(wanted, 'replica')}, but there are fewer brokers`,
      todo: FEWER_REPLICAS,
      location: place,
    },
  }));
}
