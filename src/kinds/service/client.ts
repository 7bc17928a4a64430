import type { ServiceClient } from '../../clients/service/client.js';
import { EvpipeError } from '../../support/errors.js';
import { HOST } from '../../targets/component.js';
import { componentsOf } from '../kind.js';
import type { Session } from '../session.js';
import { service } from './component.js';

/**
 * The HTTP API of a service, or of another component that is called by one of its names: the gateway. Throws
 * EVPIPE_SERVICE_HAS_NO_API (kind usage) for one that listens nowhere.
 */
export const serviceClient = (
  { pipeline, kinds, clients }: Pick<Session, 'pipeline' | 'kinds' | 'clients'>,
  name: string,
): Promise<ServiceClient> =>
  clients.once(`service/${name}`, async () => {
    const isService = pipeline.services.some((one) => one.name === name);
    const other = componentsOf(pipeline, kinds).find(({ names }) => names[0] === name)?.component;
    const { host } = await clients.endpoint(isService || other === undefined ? service(name) : other);
    if (!('url' in host) || host.url === undefined) {
      throw new EvpipeError('EVPIPE_SERVICE_HAS_NO_API', `service ${name} declares no port, so it has no API`, {
        kind: 'usage',
      });
    }
    const headers = hostHeader(pipeline, name, host.url);
    const { connectService } = await import('../../clients/service/client.js');
    // A service may do one thing at a time, and then answers nobody else meanwhile.
    const watched = isService ? {} : { liveness: clients.liveness };
    return clients.closing(connectService(name, { ...host, url: host.url, ...watched }, { headers }));
  });

/** By the name that its `ready.host` gives, as people open it: an application may answer to no other. */
function hostHeader({ services }: Session['pipeline'], name: string, url: string): Readonly<Record<string, string>> {
  const host = services.find((one) => one.name === name)?.ready?.host;
  const { hostname, port } = new URL(url);
  if (host === undefined || hostname !== HOST) return {};
  return { Host: port === '' ? host : `${host}:${port}` };
}
