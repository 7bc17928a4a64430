import type { KsqldbClient } from '../../clients/ksqldb/client.js';
import { server } from '../../targets/component.js';
import type { Clients } from '../clients.js';

export const ksqldbClient = (clients: Clients): Promise<KsqldbClient> =>
  clients.once('ksqldb', async () => {
    const { connectKsqldb } = await import('../../clients/ksqldb/client.js');
    const { host } = await clients.endpoint(server('ksqldb'));
    return clients.closing(connectKsqldb({ ...host, liveness: clients.liveness }, clients.signal));
  });
