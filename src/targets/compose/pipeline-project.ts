import { createHash } from 'node:crypto';
import { EvpipeError } from '../../support/errors.js';
import type { Placement } from '../placement.js';
import type { PipelineSecrets } from '../secrets.js';
import {
  type ComponentId,
  type Endpoint,
  type ServerKind,
  type ServiceContainer,
  server,
  type TargetInput,
} from '../target.js';
import { endpointOf, type HostPorts } from './endpoints.js';
import type { Variables } from './fragment.js';
import { composeProject, type Project } from './project.js';
import { type ComposeServer, containerName, NAMES, PORTS, serversInCompose, storeServer } from './servers.js';

/** What of a pipeline is placed in Compose, and the project that runs it. Starts nothing and writes nothing. */
export class PipelineProject {
  readonly servers: readonly ComposeServer[];
  /** The services among them. */
  readonly services: readonly ServiceContainer[];

  constructor(
    readonly name: string,
    private readonly input: TargetInput,
    private readonly placement: Placement,
    private readonly env: Variables,
    private readonly secrets: PipelineSecrets,
  ) {
    this.servers = serversInCompose(input, placement);
    this.services = (input.containers ?? []).filter(
      ({ name: service }) => placement.providerOf({ kind: 'service', name: service }) === 'compose',
    );
  }

  /** `contents`: what containers read from files that change without the project. */
  project(ports: HostPorts, contents?: ReadonlyMap<string, string>): Project {
    return composeProject({
      name: this.name,
      servers: this.servers,
      containers: this.services.map(({ name, source, port }) => ({
        service: name,
        source,
        port: port === undefined ? undefined : { host: ports[containerName(name)] ?? port, inside: port },
      })),
      variables: this.variables(ports),
      contents,
    });
  }

  /** The standard ports, and those that services and the gateway declare; of the containers that are wanted. */
  wishedPorts(wanted: (container: string) => boolean = () => true): HostPorts {
    const servers = this.servers.filter(wanted).flatMap((name) => Object.entries(PORTS[name]));
    const services = this.services.flatMap(({ name, port }) =>
      port === undefined || !wanted(containerName(name)) ? [] : [[containerName(name), port] as const],
    );
    const ports = Object.fromEntries([...servers, ...services]);
    return ports.GATEWAY_PORT === undefined ? ports : { ...ports, GATEWAY_PORT: this.input.gateway?.port ?? 80 };
  }

  /** The container of a component; databases share one, and so do stores. */
  containerOf({ kind, name }: ComponentId): string {
    switch (kind) {
      case 'postgres':
      case 'gateway':
        return kind;
      case 'stores':
        return storeServer(this.input, name);
      case 'service':
        return containerName(name);
      default:
        return NAMES[kind];
    }
  }

  /** By the name of a component or its container; undefined for what runs elsewhere. */
  containerNamed(name: string): string | undefined {
    const ours = this.placement.components.filter((component) => this.placement.providerOf(component) === 'compose');
    const found = ours.find((component) => component.name === name || this.containerOf(component) === name);
    return found === undefined ? undefined : this.containerOf(found);
  }

  private variables(ports: HostPorts): Variables {
    const images = Object.entries(this.env).filter(([name]) => name.startsWith('EVPIPE_IMAGE_'));
    const published = Object.entries(ports).map(([name, port]) => [name, String(port)]);
    return { ...Object.fromEntries([...images, ...published]), ...this.clusterVariables() };
  }

  /** What the servers around Kafka are told; where it is not this project's, their names carry the pipeline's. */
  private clusterVariables(): Variables {
    if (!this.servers.some((name) => name === 'registry' || name === 'connect' || name === 'ksqldb')) {
      return { KAFKA_CLUSTER_ID: clusterId(this.name) };
    }
    const shared = this.placement.providerOf(server('kafka')) === 'address';
    const kafka = this.insideOf('kafka');
    return {
      KAFKA_CLUSTER_ID: clusterId(this.name),
      KAFKA_BOOTSTRAP_SERVERS: kafka !== undefined && 'bootstrapServers' in kafka ? kafka.bootstrapServers : undefined,
      SCHEMA_REGISTRY_URL: urlOf(this.insideOf('schemaRegistry')),
      CONNECT_URL: urlOf(this.insideOf('connect')),
      TOPIC_PREFIX: shared ? `_evpipe_${this.input.pipeline}_` : '',
      GROUP_PREFIX: shared ? `${this.input.pipeline}_` : '',
    };
  }

  /** As containers see it. Throws EVPIPE_COMPOSE_UNREACHABLE (kind usage) for what they can't reach. */
  private insideOf(kind: ServerKind): Endpoint | undefined {
    if (!this.input.servers.includes(kind)) return undefined;
    const component = server(kind);
    const provider = this.placement.providerOf(component);
    if (provider === 'compose') return endpointOf(component, this.input, {}, this.secrets).inside;
    const inside = this.placement.address(component)?.inside;
    const isGuarded = inside !== undefined && 'bootstrapServers' in inside && (inside.ssl || inside.sasl) !== undefined;
    if (provider === 'address' && !isGuarded) return inside;
    throw new EvpipeError(
      'EVPIPE_COMPOSE_UNREACHABLE',
      isGuarded
        ? `containers of target ${this.input.spec.name} reach an unprotected Kafka only`
        : `containers of target ${this.input.spec.name} can’t reach ${kind}, which runs as a process of this host`,
      { kind: 'usage', todo: `Place ${kind} in compose too, or place what reads it elsewhere.` },
    );
  }
}

export const urlOf = (endpoint: Endpoint | undefined): string | undefined =>
  endpoint !== undefined && 'url' in endpoint ? endpoint.url : undefined;

/** Any 16 bytes as Kafka writes them, the same for the same project; the first letter is never a dash. */
function clusterId(project: string): string {
  const bytes = createHash('sha256').update(project).digest().subarray(0, 16);
  bytes[0] = 0;
  return bytes.toString('base64url');
}
