import type { KafkaClient } from '../../clients/kafka/contract.js';
import { EvpipeError } from '../../support/errors.js';
import { server } from '../../targets/component.js';
import type { Clients } from '../clients.js';

export const kafkaClient = (clients: Clients): Promise<KafkaClient> =>
  clients.once('kafka', async () => {
    const { host } = await clients.endpoint(server('kafka'));
    const { connectKafka } = await import('../../clients/kafka/client.js');
    const client = clients.closing(connectKafka({ ...host, clientId: 'evpipe', liveness: clients.liveness }));
    if (host.clusterId !== undefined) await requireCluster(client, host.clusterId, host.bootstrapServers);
    return client;
  });

/** An address that leads to another cluster than it is meant to, say production's, must do no harm there. */
async function requireCluster(kafka: KafkaClient, wanted: string, bootstrapServers: string): Promise<void> {
  const { clusterId } = await kafka.describeCluster();
  if (clusterId === wanted) return;
  throw new EvpipeError(
    'EVPIPE_CLUSTER_OTHER',
    `Kafka at ${bootstrapServers} is cluster ${clusterId}, not ${wanted} as the target says; nothing was changed`,
    { kind: 'usage', todo: 'Correct the address, or clusterId in the target.' },
  );
}
