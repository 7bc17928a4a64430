/**
 * One server or service that a pipeline needs, as its kind (src/kinds/<kind>/component.ts) describes it: where the file
 * places it, what leads to it, and how each provider starts it. Targets know no kind of component by name.
 */

import type { LaunchSpec } from '../supervisor/socket/launch.js';
import type { Environment } from '../support/environment.js';
import { EvpipeError } from '../support/errors.js';
import type { Protocol } from '../support/liveness.js';
import type { PipelineSecrets } from './secrets.js';

/**
 * The kinds of component. Each kind adds its own by declaration merging: what its `endpoint` tells, what it is started
 * with beyond its name (`launch`; undefined: nothing), and what an `address` in the file has beside `inside`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the kinds merge their components into it
export interface ComponentKinds {}

export type ComponentKind = keyof ComponentKinds;
export type EndpointOf<K extends ComponentKind> = ComponentKinds[K]['endpoint'];
export type LaunchOf<K extends ComponentKind> = ComponentKinds[K]['launch'];
export type AddressOf<K extends ComponentKind> = ComponentKinds[K]['address'];
export type Endpoint = EndpointOf<ComponentKind>;
export type Launch = NonNullable<LaunchOf<ComponentKind>>;

/** `name` tells several of a kind apart; for the only one of a kind it equals the kind. */
export interface ComponentId<K extends ComponentKind = ComponentKind> {
  readonly kind: K;
  readonly name: string;
}

/** The only component of a kind. */
export const server = <K extends ComponentKind>(kind: K): ComponentId<K> => ({ kind, name: kind });

/** Unique within a pipeline, for maps: `kafka`, `postgres/person`, `service/planning`. */
export function componentKey(component: ComponentId): string {
  return component.name === component.kind ? component.kind : `${component.kind}/${component.name}`;
}

/** The same server as evpipe and the host's services see it, and as the stack's own servers see it. */
export interface Faces<T> {
  readonly host: T;
  readonly inside: T;
}

export type ProviderKind = 'embedded' | 'compose' | 'address';

/** What an entry of `targets:` says of a component. */
export type Placed<Address> = 'embedded' | 'compose' | WithInside<Address>;
export type WithInside<Address> = Address & {
  /** As the stack's own servers see it, where that differs. */
  readonly inside?: Partial<Address> | undefined;
};

/** Most components have an address that is one URL. */
export interface UrlAddress {
  readonly url: string;
}

export interface Component<K extends ComponentKind = ComponentKind> extends ComponentId<K> {
  /** Undefined: the target says nothing of it. */
  readonly placed: Placed<AddressOf<K>> | undefined;
  /** Who runs it where the target does not say; absent: what the target is based on. */
  defaultProvider?(base: TargetBase, providerOf: (component: ComponentId) => ProviderKind): ProviderKind;
  /** The servers that it is told of, and therefore started after, as far as the pipeline declares them. */
  readonly needs?: readonly ComponentId[];
  /** Set where the pipeline works without it: what its start throws where it is not available. */
  absent?(why: string): EvpipeError;
  readonly address: AddressForm<K>;
  readonly embedded: EmbeddedForm<K>;
  /** Undefined: it can't run in a container. */
  readonly compose: ComposeForm<K> | undefined;
}

export type TargetBase = 'embedded' | 'compose' | 'cluster';

// ── at an address ───────────────────────────────────────────────────────────────────────────────────────────

export interface AddressForm<K extends ComponentKind> {
  /** Of the variable that leads to it where the file has no address: EVPIPE_DATABASE_PERSON_URL has these two parts. */
  readonly variable: readonly [name: string, field: string];
  /** The address that is in that variable; `further` reads those beside it: EVPIPE_KAFKA_PASSWORD by `PASSWORD`. */
  written(text: string, further: (field: string) => string | undefined): AddressOf<K>;
  /** As messages show it: `http://host:port`. */
  readonly form: string;
  /** Undefined: the address is not of that form. */
  endpoint(address: AddressOf<K>, context: AddressContext): EndpointOf<K> | undefined;
  /** The other way round, to print it. */
  text(endpoint: EndpointOf<K>): string | undefined;
  /** What is in the further variables, by the ends of their names. */
  further?(endpoint: EndpointOf<K>): Readonly<Record<string, string | undefined>>;
  /** Of these, what a client needs beyond the text. A program that refers to the server gets it too, as KAFKA_PASSWORD. */
  credentials?(endpoint: EndpointOf<K>): Readonly<Record<string, string | undefined>>;
  /** Fields of `$(…)` that the endpoint does not hold under their names. */
  referred?(endpoint: EndpointOf<K>): Readonly<Record<string, string | undefined>>;
  /** What people are shown of it, without any password; absent: the URL without what may be one. */
  shown?(endpoint: EndpointOf<K>): string;
}

export interface AddressContext {
  readonly env: Environment;
  /** Of the pipeline's file, absolute: files that an address names are relative to it. */
  readonly folder: string;
}

/** EVPIPE_KAFKA_BOOTSTRAP_SERVERS */
export const addressVariable = ({ variable }: Variable): string => `EVPIPE_${variable[0]}_${variable[1]}`;

type Variable = Pick<AddressForm<ComponentKind>, 'variable'>;

type Written<Address, Found> = Variable & {
  readonly form: string;
  written(text: string, further: (field: string) => string | undefined): Address;
  endpoint(address: Address, context: AddressContext): Found | undefined;
};

/** By a text, or else by the variable; what is beside it by the further variables. Undefined: neither says it. Throws EVPIPE_ADDRESS_INVALID (kind usage). */
export function endpointWritten<Address, Found>(
  address: Written<Address, Found>,
  text: string | undefined,
  context: AddressContext,
): Found | undefined {
  const { env } = context;
  const given = text ?? (env[addressVariable(address)] || undefined);
  if (given === undefined) return undefined;
  const further = (field: string) => env[furtherVariable(address, field)] || undefined;
  const found = address.endpoint(address.written(given, further), context);
  if (found !== undefined) return found;
  throw new EvpipeError('EVPIPE_ADDRESS_INVALID', `an address is not of the form ${address.form}`, {
    kind: 'usage',
    todo: `Correct it, or ${addressVariable(address)}.`,
  });
}

/** EVPIPE_DATABASE_PERSON_URL; with a face: EVPIPE_DATABASE_PERSON_INSIDE_URL. */
export function variableOf({ address: { variable } }: Component, face: '' | '_INSIDE' = ''): string {
  return `EVPIPE_${variable[0]}${face}_${variable[1]}`;
}

/** A further one beside it: EVPIPE_KAFKA_PASSWORD. */
export const furtherVariable = ({ variable }: Variable, field: string): string => `EVPIPE_${variable[0]}_${field}`;

/** A name as a part of a variable's. */
export const inVariable = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '_');

// ── as a process of this host ───────────────────────────────────────────────────────────────────────────────

export interface EmbeddedForm<K extends ComponentKind> {
  /** What users call it in `logs`, `stop`, `status`. Components may share one: databases are in one PostgreSQL. */
  readonly process: string;
  /** Preferred; undefined: it listens nowhere. */
  readonly port: number | undefined;
  /** What its supervisor asks it, to see that it lives; absent: what makes it ready, where that is HTTP. */
  readonly protocol?: Protocol;
  /** Stopped from the highest to the lowest. */
  readonly layer: number;
  readonly stopTimeoutMs: number;
  /** Why this machine can't run it; undefined: it can. */
  missing?(env: Environment): string | undefined;
  launch(start: EmbeddedStart<K>): EmbeddedLaunch | Promise<EmbeddedLaunch>;
  endpoint(port: number | undefined, secrets: PipelineSecrets): EndpointOf<K>;
}

export interface EmbeddedStart<K extends ComponentKind> {
  readonly launch: LaunchOf<K>;
  readonly upstream: Upstream;
  /** Absolute: of the pipeline's file, of evpipe's state, and of this process's own data. */
  readonly folder: string;
  readonly stateFolder: string;
  readonly dataDir: string;
  readonly env: Environment;
  readonly secrets: PipelineSecrets;
  /** Only to see how it would be started: what is there for what runs stays. */
  readonly isTrial: boolean;
}

/** Of servers of evpipe's own: a program and nothing else. */
export type EmbeddedLaunch = Pick<LaunchSpec, 'program'> &
  Partial<Pick<LaunchSpec, 'env' | 'ready' | 'readyTimeoutMs'>>;

/** When a service counts as started. */
export type Readiness = Exclude<LaunchSpec['ready'], { readonly kind: 'announced' }>;

/** The servers that a component needs, started before it. */
export interface Upstream {
  of<K extends ComponentKind>(component: ComponentId<K>): Faces<EndpointOf<K>> | undefined;
  /** It has an address, so others may keep theirs there too. */
  isForeign(component: ComponentId): boolean;
}

// ── as a container ──────────────────────────────────────────────────────────────────────────────────────────

export interface ComposeForm<K extends ComponentKind> {
  /** Its container and host name within the project. Components may share one. */
  readonly container: string;
  /** A file in compose/ of this package, an image to pull, or an absolute folder with a Dockerfile. */
  readonly source: { readonly fragment: string } | { readonly image: string } | { readonly build: string };
  /** Published on this host, by the variable of the fragment that holds the host's port. */
  readonly ports: Readonly<Record<string, { readonly preferred: number; readonly inside: number }>>;
  endpoint(
    published: (variable: string) => Faces<{ readonly host: string; readonly port: number }>,
    secrets: PipelineSecrets,
  ): Faces<EndpointOf<K>>;
  /** Further ones that its fragment asks for. */
  variables?(project: string, env: Environment): Environment;
  /** What fragments of others are told of it; undefined: a container can't log in there. */
  told?(inside: EndpointOf<K>, isForeign: boolean): Environment | undefined;
  /** Files with secrets that it reads when it starts, by name. */
  files?(secrets: PipelineSecrets): Readonly<Record<string, string>>;
  readonly launchFile?: LaunchFile<K>;
  /** Folders of this host that it reads, absolute, by where they are in the container. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Absent: its health check alone says when. */
  readiness?(launch: LaunchOf<K>): Readiness | undefined;
}

/** The file that holds what a container is started with. */
export interface LaunchFile<K extends ComponentKind> {
  readonly name: string;
  text(launch: NonNullable<LaunchOf<K>>, secrets: PipelineSecrets): string;
  /** Compose does not see that its text has changed: the container is labelled with it. */
  readonly isMounted?: boolean;
}

export const HOST = '127.0.0.1';

export const bothFaces = <T>(one: T): Faces<T> => ({ host: one, inside: one });
export const eachFace = <T, U>({ host, inside }: Faces<T>, make: (face: T) => U): Faces<U> => ({
  host: make(host),
  inside: make(inside),
});
