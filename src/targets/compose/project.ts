import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { type Json, type Mapping, readFragment, type Variables } from './fragment.js';
import { type ComposeServer, containerName } from './servers.js';

export interface ProjectInput {
  /** Of the Compose project: the prefix of its containers, volumes and network. */
  readonly name: string;
  readonly servers: readonly ComposeServer[];
  readonly containers: readonly ContainerInput[];
  /** What the fragments ask for: ports of the host, addresses of what runs elsewhere, images that replace the pinned ones. */
  readonly variables: Variables;
  /** What a container reads from files, by the container's name: another text is another container. */
  readonly contents?: ReadonlyMap<string, string> | undefined;
}

/** A service of the pipeline that runs as a container. */
export interface ContainerInput {
  readonly service: string;
  readonly source: { readonly image: string } | { readonly build: string };
  /** Absent: it listens nowhere. */
  readonly port: { readonly host: number; readonly inside: number } | undefined;
}

export interface Project {
  readonly name: string;
  readonly services: Readonly<Record<string, Mapping>>;
  readonly volumes: Mapping;
  readonly secrets: Mapping;
  readonly configs: Mapping;
}

const CONNECT_IMAGE = 'quay.io/debezium/connect:3.4.0.Final';
const AVRO_CONVERTER_IMAGE = 'confluentinc/cp-kafka-connect-base:7.9.2';

/** Of every container: brought back a few times, with logs that can't fill the disk. */
const EVERY_CONTAINER: Mapping = {
  restart: 'on-failure:3',
  logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
};

/** The Compose project of a pipeline. Pure but for the fragments, which are part of this package. */
export function composeProject(input: ProjectInput): Project {
  const variables = { SECRETS: './secrets', ...connectImages(input.variables), ...input.variables };
  const fragments = input.servers.map((server) => readFragment(server, variables));
  const section = (name: string): Mapping => Object.assign({}, ...fragments.map((fragment) => fragment[name] ?? {}));
  const servers = section('services') as Readonly<Record<string, Mapping>>;
  const containers = Object.fromEntries(input.containers.map((one) => [containerName(one.service), container(one)]));
  const services = Object.entries({ ...servers, ...containers }).map(([name, service]) => {
    const content = input.contents?.get(name);
    const labels = content === undefined ? {} : { labels: { 'evpipe.content': hash(content) } };
    return [name, { ...withoutStrangers(service, input.servers), ...EVERY_CONTAINER, ...labels }] as const;
  });
  return {
    name: input.name,
    services: Object.fromEntries(services),
    volumes: section('volumes'),
    secrets: section('secrets'),
    configs: section('configs'),
  };
}

/** Connect's image is built from two, so its tag changes with them. */
function connectImages(given: Variables): Variables {
  const connect = given.EVPIPE_IMAGE_CONNECT || CONNECT_IMAGE;
  const converter = given.EVPIPE_IMAGE_AVRO_CONVERTER || AVRO_CONVERTER_IMAGE;
  return {
    CONNECT_IMAGE: connect,
    AVRO_CONVERTER_IMAGE: converter,
    CONNECT_TAG: hash(`${connect} ${converter}`),
  };
}

/** What a fragment waits for may run elsewhere. */
function withoutStrangers(service: Mapping, servers: readonly string[]): Mapping {
  const { depends_on: dependsOn, ...rest } = service;
  const known = Object.entries((dependsOn ?? {}) as Mapping).filter(([name]) => servers.includes(name));
  return known.length === 0 ? rest : { ...rest, depends_on: Object.fromEntries(known) };
}

function container({ service, source, port }: ContainerInput): Mapping {
  const name = containerName(service);
  return {
    ...source,
    env_file: [`./secrets/${name}.env`],
    ...(port === undefined ? {} : { ports: [`127.0.0.1:${port.host}:${port.inside}`] }),
    mem_limit: '512m',
    mem_reservation: '64m',
  };
}

/** The file as people would write it; empty sections are left out. */
export function projectText(project: Project): string {
  const sections = Object.entries(project).filter(
    ([, section]) => typeof section !== 'object' || Object.keys(section).length > 0,
  );
  return stringify(Object.fromEntries(sections) as Json, { lineWidth: 0, aliasDuplicateObjects: false });
}

const UNITS: Readonly<Record<string, number>> = { m: 1024 ** 2, g: 1024 ** 3 };

/** What the containers need at least, by their reservations. */
export function reservedBytes(project: Project): number {
  return Object.values(project.services)
    .map(({ mem_reservation: reserved }) => /^(\d+)([mg])$/.exec(String(reserved)))
    .reduce((sum, match) => sum + Number(match?.[1] ?? 0) * (UNITS[match?.[2] ?? ''] ?? 0), 0);
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
