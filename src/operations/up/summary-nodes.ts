import { storesDetail } from '../../kinds/store/stores.js';
import type { UpContext } from '../../kinds/up-context.js';
import type { Node } from '../../kinds/walk.js';
import { counted } from '../../support/counted.js';
import { database, GATEWAY, server, service } from '../../targets/target.js';

/** One node a step that runs last and says what the step's line shows. */
export function summaries(context: UpContext, nodes: readonly Node[]): readonly Node[] {
  return Object.entries(details(context)).flatMap(([step, detail]) => {
    const members = nodes.filter((node) => node.step === step);
    if (members.length === 0) return [];
    const summary: Node = {
      id: `summary/${step}`,
      step: members[0]?.step ?? 'checks',
      needs: members.map(({ id }) => id),
      run: async () => ({ changed: false, detail: await detail() }),
    };
    return [summary];
  });
}

function details(context: UpContext): Readonly<Record<string, () => Promise<string>>> {
  const { pipeline, session } = context;
  const listed = (...parts: (string | undefined)[]): string =>
    parts.filter((part) => part !== undefined && part !== '').join(', ');
  const portOf = (url: string): string => `:${new URL(url).port}`;
  return {
    postgres: async () => {
      const [first] = pipeline.databases;
      if (first === undefined) return '';
      const client = await session.clients.database(first.name);
      const [row] = await client.queryText('SHOW server_version');
      const { host } = await session.clients.endpoint(database(first.name));
      await client.close();
      return listed(row?.[0]?.split(' ')[0], `:${host.port}`, counted(pipeline.databases.length, 'database'));
    },
    kafka: async () => {
      const { host } = await session.clients.endpoint(server('kafka'));
      return listed(`:${host.bootstrapServers.split(':').at(-1)}`, counted(pipeline.topics.length, 'topic'));
    },
    registry: async () => {
      const { host } = await session.clients.endpoint(server('schemaRegistry'));
      return listed(portOf(host.url), counted(pipeline.subjects.length, 'schema'), pipeline.compatibility);
    },
    rabbitmq: async () => {
      const { host } = await session.clients.endpoint(server('rabbitmq'));
      const { exchanges = [], queues = [] } = pipeline.rabbitmq ?? {};
      return listed(
        portOf(host.url),
        exchanges.length === 0 ? undefined : counted(exchanges.length, 'exchange'),
        counted(queues.length, 'queue'),
      );
    },
    services: async () => {
      const endpoints = await Promise.all(
        pipeline.services.map(async ({ name }) => ({
          name,
          port: (await session.clients.endpoint(service(name))).host.port,
        })),
      );
      const open = endpoints.filter(({ port }) => port !== undefined).map(({ name, port }) => `${name} :${port}`);
      const rest = endpoints.length - open.length;
      const consumers = pipeline.services.filter(
        ({ port, consumes, receives }) => port === undefined && (consumes !== undefined || receives.length > 0),
      ).length;
      return listed(...open, rest === 0 ? undefined : counted(rest, consumers === rest ? 'consumer' : 'other service'));
    },
    streams: async () => {
      const { connectors, ksqldb } = pipeline;
      return listed(
        connectors.length === 0 ? undefined : `${counted(connectors.length, 'connector')}, all tasks running`,
        ksqldb === undefined ? undefined : counted(ksqldb.migrations.length, 'migration'),
      );
    },
    gateway: async () => {
      const { host } = await session.clients.endpoint(GATEWAY);
      return listed(portOf(host.url), counted(pipeline.gateway?.routes.length ?? 0, 'route'));
    },
    stores: () => storesDetail(session),
    seed: async () =>
      listed(...pipeline.seeds.map((one) => (one.kind === 'service' ? `${one.rows} ${one.name}` : one.name))),
  };
}
