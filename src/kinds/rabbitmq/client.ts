import type { AmqpClient } from '../../clients/amqp/contract.js';
import type { RabbitmqManagement } from '../../clients/amqp/management.js';
import { server } from '../../targets/component.js';
import type { Clients } from '../clients.js';

export const rabbitmqClient = (clients: Clients): Promise<AmqpClient> =>
  clients.once('rabbitmq', async () => {
    const { connectAmqp } = await import('../../clients/amqp/client.js');
    return clients.closing(connectAmqp((await clients.endpoint(server('rabbitmq'))).host));
  });

/** Its HTTP API, which a foreign broker need not have: every call may find it unreachable. */
export const managementClient = (clients: Clients): Promise<RabbitmqManagement> =>
  clients.once('rabbitmq management', async () => {
    const { host } = await clients.endpoint(server('rabbitmq'));
    const vhost = decodeURIComponent(new URL(host.url).pathname.slice(1));
    const { connectManagement } = await import('../../clients/amqp/management.js');
    const address = { url: host.managementUrl, ssl: host.ssl };
    return clients.closing(connectManagement(address, vhost === '' ? '/' : vhost, clients.signal));
  });
