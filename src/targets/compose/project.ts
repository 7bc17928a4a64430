import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { Environment } from '../../support/environment.js';
import type { ComponentKind, ComposeForm } from '../component.js';
import { type Fragment, type Json, type Mapping, readFragment, renamed } from './fragment.js';

export interface ProjectInput {
  /** Of the Compose project: the prefix of its containers, volumes and network. */
  readonly name: string;
  readonly containers: ReadonlyArray<ComposeForm<ComponentKind>>;
  /** Of the host, as the containers' `ports` name them. */
  readonly ports: Readonly<Record<string, number>>;
  /** What the fragments ask for: ports of the host, addresses of other servers, images that replace the pinned ones. */
  readonly variables: Environment;
  /** What a container reads from files, by the container's name: another text is another container. */
  readonly contents?: ReadonlyMap<string, string> | undefined;
}

export interface Project {
  readonly name: string;
  readonly services: Readonly<Record<string, Mapping>>;
  readonly volumes: Mapping;
  readonly secrets: Mapping;
  readonly configs: Mapping;
}

/** Of every container: brought back a few times, with logs that can't fill the disk. */
const EVERY_CONTAINER: Mapping = {
  restart: 'on-failure:3',
  logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
};

/** The Compose project of a pipeline. Pure but for the fragments, which are part of this package. */
export function composeProject(input: ProjectInput): Project {
  const variables = { SECRETS: './secrets', ...input.variables };
  const fragments = input.containers.flatMap((form) => fragmentOf(form, variables));
  const section = (name: string): Mapping => Object.assign({}, ...fragments.map((fragment) => fragment[name] ?? {}));
  const servers = section('services') as Readonly<Record<string, Mapping>>;
  const built = input.containers.flatMap((form) =>
    'fragment' in form.source ? [] : [[form.container, service(form, input.ports)] as const],
  );
  const names = input.containers.map(({ container }) => container);
  const services = Object.entries({ ...servers, ...Object.fromEntries(built) }).map(([name, one]) => {
    const content = input.contents?.get(name);
    const labels = content === undefined ? {} : { labels: { 'evpipe.content': hash(content) } };
    const mounts = mountsOf(input.containers.find(({ container }) => container === name));
    return [name, { ...withoutStrangers(one, names), ...EVERY_CONTAINER, ...mounts, ...labels }] as const;
  });
  return {
    name: input.name,
    services: Object.fromEntries(services),
    volumes: section('volumes'),
    secrets: section('secrets'),
    configs: section('configs'),
  };
}

type Form = Pick<ComposeForm<ComponentKind>, 'container' | 'source'>;

/** Of several servers of a sort all but one are called otherwise than their fragment, and have ports and secrets of their own. */
const isFurther = ({ container, source }: Form): boolean => 'fragment' in source && source.fragment !== container;

/** Under which a host's port is kept. */
export const portKey = (form: Form, variable: string): string =>
  isFurther(form) ? `${form.container}:${variable}` : variable;

/** Of the file that a container reads when it starts. */
export const secretFile = (form: Form, name: string): string => (isFurther(form) ? `${form.container}.${name}` : name);

function fragmentOf(form: ComposeForm<ComponentKind>, variables: Environment): readonly Fragment[] {
  if (!('fragment' in form.source)) return [];
  if (!isFurther(form)) return [readFragment(form.source.fragment, variables)];
  const ports = Object.keys(form.ports).map((variable) => [variable, variables[portKey(form, variable)]]);
  const fragment = readFragment(form.source.fragment, { ...variables, ...Object.fromEntries(ports) });
  return [renamed(fragment, form.source.fragment, form.container)];
}

/** Folders that the pipeline hands to a container; a fragment of such a container has no volumes of its own. */
function mountsOf(form: ComposeForm<ComponentKind> | undefined): Mapping {
  const mounts = Object.entries(form?.mounts ?? {});
  const volumes = mounts.map(([target, source]) => ({ type: 'bind', source, target, read_only: true }));
  return mounts.length === 0 ? {} : { volumes };
}

/** What a fragment waits for may run elsewhere. */
function withoutStrangers(service: Mapping, servers: readonly string[]): Mapping {
  const { depends_on: dependsOn, ...rest } = service;
  const known = Object.entries((dependsOn ?? {}) as Mapping).filter(([name]) => servers.includes(name));
  return known.length === 0 ? rest : { ...rest, depends_on: Object.fromEntries(known) };
}

/** A service of the pipeline, which has an image or a Dockerfile. */
function service({ container, source, ports }: ComposeForm<ComponentKind>, host: ProjectInput['ports']): Mapping {
  const published = Object.entries(ports).map(([variable, { inside }]) => `127.0.0.1:${host[variable]}:${inside}`);
  return {
    ...source,
    env_file: [`./secrets/${container}.env`],
    ...(published.length === 0 ? {} : { ports: published }),
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
