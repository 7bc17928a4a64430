import type { KsqldbClient } from '../../clients/ksqldb/client.js';
import { server } from '../../targets/component.js';
import type { Clients } from '../clients.js';

export const ksqldbClient = (clients: Clients): Promise<KsqldbClient> =>
  clients.once('ksqldb', async () => {
    const { connectKsqldb } = await import('../../clients/ksqldb/client.js');
    return clients.closing(connectKsqldb((await clients.endpoint(server('ksqldb'))).host, clients.signal));
  });
