import type { Session } from '../../kinds/session.js';
import { EvpipeError } from '../../support/errors.js';
import { envName } from '../../targets/placement.js';
import {
  type ComponentId,
  database,
  type Faces,
  GATEWAY,
  type ServerKind,
  server,
  service,
  store,
} from '../../targets/target.js';

const SERVERS: readonly ServerKind[] = ['kafka', 'schemaRegistry', 'connect', 'ksqldb', 'rabbitmq'];

/**
 * The addresses of all that runs, by the names that targets read them from (EVPIPE_KAFKA_BOOTSTRAP_SERVERS …), passwords in
 * URLs included; `_INSIDE` beside them where the stack's servers see another address. Throws EVPIPE_NOT_RUNNING (kind
 * unreachable) where there is none.
 */
export async function addresses(session: Session): Promise<Readonly<Record<string, string>>> {
  const endpoints = await session.target.endpoints();
  const found = new Map<string, string>();
  const add = (component: ComponentId, faces: Faces<string | undefined> | undefined): void => {
    if (faces?.host === undefined) return;
    found.set(envName(component), faces.host);
    if (faces.inside !== undefined && faces.inside !== faces.host)
      found.set(envName(component, '_INSIDE'), faces.inside);
  };
  for (const kind of SERVERS) {
    if (kind === 'kafka')
      add(
        server(kind),
        mapFaces(endpoints.kafka, (kafka) => kafka.bootstrapServers),
      );
    else
      add(
        server(kind),
        mapFaces(endpoints[kind], ({ url }) => url),
      );
  }
  const { rabbitmq } = endpoints;
  if (rabbitmq !== undefined) found.set('EVPIPE_RABBITMQ_MANAGEMENT_URL', rabbitmq.host.managementUrl);
  for (const [name, faces] of endpoints.databases)
    add(
      database(name),
      mapFaces(faces, ({ url }) => url),
    );
  for (const [name, faces] of endpoints.services)
    add(
      service(name),
      mapFaces(faces, ({ url }) => url),
    );
  add(
    GATEWAY,
    mapFaces(endpoints.gateway, ({ url }) => url),
  );
  for (const [name, faces] of endpoints.stores)
    add(
      store(name),
      mapFaces(faces, ({ url }) => url),
    );
  if (found.size > 0) return Object.fromEntries(found);
  throw new EvpipeError('EVPIPE_NOT_RUNNING', `${session.pipeline.name} does not run, so it has no addresses`, {
    kind: 'unreachable',
    todo: 'Start it with evpipe up.',
  });
}

function mapFaces<T, U>(faces: Faces<T> | undefined, map: (one: T) => U): Faces<U> | undefined {
  return faces === undefined ? undefined : { host: map(faces.host), inside: map(faces.inside) };
}
