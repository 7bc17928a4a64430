import type { ConnectClient } from '../../clients/connect/client.js';
import { server } from '../../targets/component.js';
import type { Clients } from '../clients.js';

export const connectClient = (clients: Clients): Promise<ConnectClient> =>
  clients.once('connect', async () => {
    const { openConnect } = await import('../../clients/connect/client.js');
    const { host } = await clients.endpoint(server('connect'));
    return clients.closing(openConnect({ ...host, liveness: clients.liveness }, clients.signal));
  });
