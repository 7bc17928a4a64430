import type { PipelineSecrets } from '../secrets.js';
import type { ComponentId, Endpoint, Faces, TargetInput } from '../target.js';
import { containerName, NAMES, PORTS, storeServer } from './servers.js';

const HOST = '127.0.0.1';
const MONGO_USER = 'evpipe';

/** Ports of the host, by the variables of the fragments and, for services, by the names of their containers. */
export type HostPorts = Readonly<Record<string, number>>;

/** The address of a component in Compose: from the host through a published port, from containers by its name. */
export function endpointOf(
  component: ComponentId,
  input: TargetInput,
  ports: HostPorts,
  secrets: PipelineSecrets,
): Faces<Endpoint> {
  const faces = <T>(variable: string, server: keyof typeof PORTS, at: (host: string, port: number) => T): Faces<T> => ({
    host: at(HOST, ports[variable] ?? 0),
    inside: at(server, PORTS[server][variable] ?? 0),
  });
  const http = (host: string, port: number): Endpoint => ({ url: `http://${host}:${port}` });
  switch (component.kind) {
    case 'kafka':
      // Not the port that is published: the broker tells clients of this listener another address.
      return {
        host: { bootstrapServers: `${HOST}:${ports.KAFKA_PORT ?? 0}` },
        inside: { bootstrapServers: 'kafka:19092' },
      };
    case 'schemaRegistry':
    case 'connect':
    case 'ksqldb': {
      const server = NAMES[component.kind];
      return faces(`${server.toUpperCase()}_PORT`, server, http);
    }
    case 'gateway':
      return faces('GATEWAY_PORT', 'gateway', http);
    case 'postgres':
      return faces('POSTGRES_PORT', 'postgres', (host, port) =>
        postgres(host, port, secrets.postgresPassword(), component.name),
      );
    case 'rabbitmq':
      return rabbitmq(faces, secrets.rabbitmqLogin(input));
    case 'stores':
      return store(component.name, input, faces, secrets);
    case 'service': {
      const name = containerName(component.name);
      const inside = input.containers?.find((one) => one.name === component.name)?.port;
      const port = ports[name];
      if (port === undefined || inside === undefined) return { host: {}, inside: {} };
      return {
        host: { port, url: `http://${HOST}:${port}` },
        inside: { port: inside, url: `http://${name}:${inside}` },
      };
    }
  }
}

type FacesOf = <T>(variable: string, server: keyof typeof PORTS, at: (host: string, port: number) => T) => Faces<T>;

function postgres(host: string, port: number, password: string, database: string): Endpoint {
  const url = `postgres://postgres:${password}@${host}:${port}/${encodeURIComponent(database)}`;
  return { host, port, user: 'postgres', password, database, url, ours: true };
}

function rabbitmq(faces: FacesOf, { user, password }: { user: string; password: string }): Faces<Endpoint> {
  const at = (scheme: string) => (host: string, port: number) => `${scheme}://${user}:${password}@${host}:${port}`;
  const amqp = faces('RABBITMQ_PORT', 'rabbitmq', at('amqp'));
  const management = faces('RABBITMQ_MANAGEMENT_PORT', 'rabbitmq', at('http'));
  return {
    host: { url: amqp.host, managementUrl: management.host },
    inside: { url: amqp.inside, managementUrl: management.inside },
  };
}

function store(name: string, input: TargetInput, faces: FacesOf, secrets: PipelineSecrets): Faces<Endpoint> {
  if (storeServer(input, name) === 'mongo') {
    const password = secrets.derived('mongo');
    const database = encodeURIComponent(name);
    return faces('MONGO_PORT', 'mongo', (host, port) => ({
      url: `mongodb://${MONGO_USER}:${password}@${host}:${port}/${database}?authSource=admin`,
      ours: true,
    }));
  }
  const number = caches(input).indexOf(name);
  return faces('REDIS_PORT', 'redis', (host, port) => ({
    url: `redis://:${secrets.derived('redis')}@${host}:${port}/${number}`,
    ours: true,
  }));
}

const caches = (input: TargetInput): readonly string[] =>
  input.stores.filter(({ kind }) => kind === 'cache').map(({ name }) => name);

/** What the servers read when they start, by the names of the files below `secrets/`. */
export function secretFiles(input: TargetInput, secrets: PipelineSecrets): Readonly<Record<string, string>> {
  const { user, password } = secrets.rabbitmqLogin(input);
  // The server would let guest in from its own container only.
  const guests = user === 'guest' ? 'loopback_users = none\n' : '';
  const rabbitmqUser = `default_user = ${user}\ndefault_pass = ${password}\n${guests}`;
  const redis = [
    `requirepass ${secrets.derived('redis')}`,
    `databases ${Math.max(1, caches(input).length)}`,
    'appendonly yes',
    'dir /data',
  ];
  return {
    'postgres-password': secrets.postgresPassword(),
    'mongo-password': secrets.derived('mongo'),
    'rabbitmq.conf': rabbitmqUser,
    'redis.conf': `${redis.join('\n')}\n`,
  };
}
