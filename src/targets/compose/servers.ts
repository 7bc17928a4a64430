import type { Placement } from '../placement.js';
import { GATEWAY, type ServerKind, type TargetInput } from '../target.js';

/** The servers of a project, as their fragments, containers and host names are called. */
export type ComposeServer =
  | 'postgres'
  | 'kafka'
  | 'registry'
  | 'connect'
  | 'ksqldb'
  | 'rabbitmq'
  | 'mongo'
  | 'redis'
  | 'gateway';

/** One entry per fragment in compose/: the variables that hold ports of the host, with the port inside the container. */
export const PORTS: Readonly<Record<ComposeServer, Readonly<Record<string, number>>>> = {
  postgres: { POSTGRES_PORT: 5432 },
  kafka: { KAFKA_PORT: 9092 },
  registry: { REGISTRY_PORT: 8081 },
  connect: { CONNECT_PORT: 8083 },
  ksqldb: { KSQLDB_PORT: 8088 },
  rabbitmq: { RABBITMQ_PORT: 5672, RABBITMQ_MANAGEMENT_PORT: 15_672 },
  mongo: { MONGO_PORT: 27_017 },
  redis: { REDIS_PORT: 6379 },
  gateway: { GATEWAY_PORT: 80 },
};

export const NAMES: Readonly<Record<ServerKind, ComposeServer>> = {
  kafka: 'kafka',
  schemaRegistry: 'registry',
  connect: 'connect',
  ksqldb: 'ksqldb',
  rabbitmq: 'rabbitmq',
};

const isServer = (name: string): name is ComposeServer => name in PORTS;

/** A service that is called as a server gets another name. */
export const containerName = (service: string): string => (isServer(service) ? `service-${service}` : service);

/** What the pipeline declares and its target places in Compose, in the order of the table. */
export function serversInCompose(input: TargetInput, { components, providerOf }: Placement): readonly ComposeServer[] {
  const wanted = new Set<ComposeServer>();
  for (const component of components) {
    if (providerOf(component) !== 'compose') continue;
    if (component.kind === 'postgres') wanted.add('postgres');
    else if (component.kind === 'stores') wanted.add(storeServer(input, component.name));
    else if (component.kind === GATEWAY.kind) wanted.add('gateway');
    else if (component.kind !== 'service') wanted.add(NAMES[component.kind]);
  }
  return Object.keys(PORTS)
    .filter(isServer)
    .filter((name) => wanted.has(name));
}

export function storeServer(input: TargetInput, name: string): 'mongo' | 'redis' {
  return input.stores.find((store) => store.name === name)?.kind === 'cache' ? 'redis' : 'mongo';
}
