import { serversOf } from '../../kinds/session.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import { type ComponentId, database, GATEWAY, type ServerKind, server, service, store } from '../../targets/target.js';

/** Other words for the servers: as their processes are called, and as people type them. */
const WORDS: Readonly<Record<ServerKind, readonly string[]>> = {
  kafka: ['kafka'],
  schemaRegistry: ['registry', 'schemaRegistry', 'schema-registry'],
  connect: ['connect'],
  ksqldb: ['ksqldb'],
  rabbitmq: ['rabbitmq'],
};

/** Every component of the pipeline by the names a user may call it; the first word of each is the one that is shown. */
export function namedComponents(
  pipeline: Pipeline,
): ReadonlyArray<{ readonly names: readonly string[]; readonly component: ComponentId }> {
  return [
    ...pipeline.services.map(({ name }) => ({ names: [name, `service/${name}`], component: service(name) })),
    ...serversOf(pipeline).map((kind) => ({ names: WORDS[kind], component: server(kind) })),
    ...(pipeline.gateway === undefined ? [] : [{ names: ['gateway'], component: GATEWAY }]),
    ...pipeline.databases.slice(0, 1).map(({ name }) => ({ names: ['postgres'], component: database(name) })),
    ...pipeline.databases.map(({ name }) => ({
      names: [`postgres/${name}`, `database/${name}`, name],
      component: database(name),
    })),
    ...pipeline.stores.map(({ name }) => ({ names: [`store/${name}`, name], component: store(name) })),
    ...pipeline.stores
      .filter(({ kind }) => kind === 'cache')
      .slice(0, 1)
      .map(({ name }) => ({ names: ['redis'], component: store(name) })),
    ...pipeline.stores
      .filter(({ kind }) => kind === 'documents')
      .slice(0, 1)
      .map(({ name }) => ({ names: ['postgres'], component: store(name) })),
  ];
}

/**
 * The component that is meant; where a service is called as a database is, the service (`postgres/NAME` is the database).
 * Throws EVPIPE_COMPONENT_UNKNOWN (kind usage).
 */
export function findComponent(pipeline: Pipeline, name: string): ComponentId {
  const known = namedComponents(pipeline);
  const found = known.find(({ names }) => names.includes(name));
  if (found !== undefined) return found.component;
  const words = known.flatMap(({ names }) => names.slice(0, 1));
  throw new EvpipeError('EVPIPE_COMPONENT_UNKNOWN', `there is no component ${name}${didYouMean(name, words)}`, {
    kind: 'usage',
  });
}
