import type { AmqpClient } from '../../clients/amqp/contract.js';
import type { RabbitmqManagement } from '../../clients/amqp/management.js';
import { componentKey } from '../../targets/component.js';
import type { Clients } from '../clients.js';
import { rabbitmqServer } from './ids.js';

/** `server`: one of several by its name. */
export const rabbitmqClient = (clients: Clients, server: string | undefined): Promise<AmqpClient> =>
  clients.once(componentKey(rabbitmqServer(server)), async () => {
    const { connectAmqp } = await import('../../clients/amqp/client.js');
    const { host } = await clients.endpoint(rabbitmqServer(server));
    return clients.closing(connectAmqp(host, clients.liveness));
  });

/** Its HTTP API, which a foreign broker need not have: every call may find it unreachable. */
export const managementClient = (clients: Clients, server: string | undefined): Promise<RabbitmqManagement> =>
  clients.once(`${componentKey(rabbitmqServer(server))} management`, async () => {
    const { host } = await clients.endpoint(rabbitmqServer(server));
    const vhost = decodeURIComponent(new URL(host.url).pathname.slice(1));
    const { connectManagement } = await import('../../clients/amqp/management.js');
    const address = { url: host.managementUrl, ssl: host.ssl, liveness: clients.liveness };
    return clients.closing(connectManagement(address, vhost === '' ? '/' : vhost, clients.signal));
  });
