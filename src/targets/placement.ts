import { EvpipeError } from '../support/errors.js';
import {
  type ComponentId,
  componentKey,
  type Endpoint,
  type Faces,
  GATEWAY,
  type KafkaAddress,
  type Placed,
  type PostgresEndpoint,
  type ProviderKind,
  type RabbitmqAddress,
  type RabbitmqEndpoint,
  type StoreInput,
  server,
  service,
  store,
  type TargetInput,
  type TargetSpec,
  type UrlAddress,
} from './target.js';

type Environment = Readonly<Record<string, string | undefined>>;
type Address = UrlAddress | KafkaAddress | RabbitmqAddress;

/** Where every component of the pipeline runs, and the endpoints of those that have an address. */
export interface Placement {
  readonly components: readonly ComponentId[];
  providerOf(component: ComponentId): ProviderKind;
  /** Undefined for what has no address. */
  address(component: ComponentId): Faces<Endpoint> | undefined;
}

/** Throws EVPIPE_ADDRESS_MISSING (kind usage) with all missing addresses at once. */
export function placeComponents(input: TargetInput, env: Environment): Placement {
  const components: ComponentId[] = [
    ...input.databases.map((name) => ({ kind: 'postgres' as const, name })),
    ...input.servers.map(server),
    ...input.stores.map(({ name }) => store(name)),
    ...input.services.map((name) => ({ kind: 'service' as const, name })),
    ...(input.gateway === undefined ? [] : [GATEWAY]),
  ];
  const addresses = new Map<string, Faces<Endpoint>>();
  const missing: string[] = [];
  for (const component of components) {
    if (providerFor(component, input) !== 'address') continue;
    const address = withManagement(
      component,
      declaredAddress(component, input.spec) ?? addressInEnv(component, env),
      env,
    );
    const declared = component.kind === 'stores' ? input.stores.find(({ name }) => name === component.name) : undefined;
    if (address !== undefined) addresses.set(componentKey(component), endpointAt(component, address, declared));
    else if (declared?.optional !== true) missing.push(`${componentKey(component)} (${envName(component)})`);
  }
  if (missing.length > 0) {
    throw new EvpipeError(
      'EVPIPE_ADDRESS_MISSING',
      `target ${input.spec.name} has no address for ${missing.join(', ')}`,
      {
        kind: 'usage',
        todo: `Give them under targets.${input.spec.name} in ${input.file}, or set the variables named.`,
      },
    );
  }
  return {
    components,
    providerOf: (component) => providerFor(component, input),
    address: (component) => addresses.get(componentKey(component)),
  };
}

function providerFor(component: ComponentId, input: TargetInput): ProviderKind {
  const { spec } = input;
  const placed = placedAs(component, spec);
  if (placed === 'embedded' || placed === 'compose') return placed;
  if (placed !== undefined) return 'address';
  switch (component.kind) {
    // Services are processes of this host on every target but for those that have an image.
    case 'service':
      return spec.base === 'compose' && input.containers?.some(({ name }) => name === component.name) === true
        ? 'compose'
        : 'embedded';
    // A container reaches no process of this host, so one in front of processes is a process too.
    case 'gateway':
      return spec.base === 'compose' &&
        input.gateway?.services.every((name) => providerFor(service(name), input) === 'compose') === true
        ? 'compose'
        : 'embedded';
    default:
      return spec.base === 'cluster' ? 'address' : spec.base;
  }
}

function placedAs(component: ComponentId, spec: TargetSpec): Placed<Address> | undefined {
  switch (component.kind) {
    case 'postgres':
      return spec.databases?.[component.name] ?? spec.postgres;
    case 'service':
      return spec.services?.[component.name];
    case 'stores':
      return spec.stores?.[component.name];
    default:
      return spec[component.kind];
  }
}

function declaredAddress(component: ComponentId, spec: TargetSpec): Address | undefined {
  const placed = placedAs(component, spec);
  return typeof placed === 'object' ? placed : undefined;
}

/** EVPIPE_KAFKA_BOOTSTRAP_SERVERS, EVPIPE_SCHEMA_REGISTRY_URL, EVPIPE_DATABASE_PERSON_URL …; `_INSIDE` comes before the last part. */
export function envName(component: ComponentId, face: '' | '_INSIDE' = ''): string {
  const named = (prefix: string) => `${prefix}_${component.name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
  switch (component.kind) {
    case 'kafka':
      return `EVPIPE_KAFKA${face}_BOOTSTRAP_SERVERS`;
    case 'schemaRegistry':
      return `EVPIPE_SCHEMA_REGISTRY${face}_URL`;
    case 'postgres':
      return `EVPIPE_${named('DATABASE')}${face}_URL`;
    case 'stores':
      return `EVPIPE_${named('STORE')}${face}_URL`;
    case 'service':
      return `EVPIPE_${named('SERVICE')}${face}_URL`;
    default:
      return `EVPIPE_${component.kind.toUpperCase()}${face}_URL`;
  }
}

function addressInEnv(component: ComponentId, env: Environment): Address | undefined {
  const host = env[envName(component)];
  const inside = env[envName(component, '_INSIDE')];
  if (host === undefined || host === '') return undefined;
  return component.kind === 'kafka'
    ? { bootstrapServers: host, ...(inside !== undefined && { inside: { bootstrapServers: inside } }) }
    : { url: host, ...(inside !== undefined && { inside: { url: inside } }) };
}

/** The schemes of a store's address; they tell its readers what it is. */
const STORE_SCHEMES = {
  documents: { pattern: /^(mongodb(\+srv)?|postgres(ql)?):$/, form: 'mongodb://user:password@host:27017/database' },
  cache: { pattern: /^rediss?:$/, form: 'redis://:password@host:6379/0' },
} as const;

/** Of RabbitMQ: where its HTTP API is, which the file's address need not say. */
function withManagement(component: ComponentId, address: Address | undefined, env: Environment): Address | undefined {
  const management = env.EVPIPE_RABBITMQ_MANAGEMENT_URL;
  if (component.kind !== 'rabbitmq' || address === undefined || 'bootstrapServers' in address) return address;
  return management === undefined || management === '' ? address : { management, ...address };
}

function endpointAt(component: ComponentId, address: Address, store: StoreInput | undefined): Faces<Endpoint> {
  if ('bootstrapServers' in address) {
    const { inside, ...host } = address;
    return { host, inside: { ...host, ...inside } };
  }
  const atUrl = (url: string): Endpoint => {
    // A list of MongoDB servers is no URL to the standard.
    const several = store?.kind === 'documents' && /^mongodb:\/\/[^/]+,[^/]+/.test(url);
    const form = store === undefined ? undefined : STORE_SCHEMES[store.kind];
    if (!URL.canParse(url) && !several) throw notUrl(component, form?.form);
    if (component.kind === 'postgres') return postgresEndpoint(component, url);
    if (component.kind === 'rabbitmq') return rabbitmqEndpoint(component, url, address);
    const trimmed = url.replace(/\/+$/, '');
    if (form !== undefined) {
      if (!form.pattern.test(url.slice(0, url.indexOf(':') + 1))) throw notUrl(component, form.form);
      return { url: trimmed, ours: false };
    }
    if (component.kind !== 'service') return { url: trimmed };
    const { port, protocol } = new URL(url);
    return { url: trimmed, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
  };
  return { host: atUrl(address.url), inside: atUrl(address.inside?.url ?? address.url) };
}

function postgresEndpoint(component: ComponentId, url: string): PostgresEndpoint {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  if (!/^postgres(ql)?:$/.test(protocol) || database === '') throw notUrl(component);
  return {
    host: hostname,
    port: Number(port) || 5432,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database,
    url,
    ours: false,
  };
}

const MANAGEMENT_PORTS_ABOVE = 10_000;

function rabbitmqEndpoint(component: ComponentId, url: string, address: Address): RabbitmqEndpoint {
  const { protocol, username, password, hostname, port } = new URL(url);
  if (protocol !== 'amqp:' && protocol !== 'amqps:') throw notUrl(component);
  const declared = 'management' in address ? address.management : undefined;
  if (declared !== undefined && !URL.canParse(declared)) throw notUrl(component);
  const secure = protocol === 'amqps:';
  const management = new URL(declared ?? `${secure ? 'https' : 'http'}://${hostname}`);
  if (declared === undefined)
    management.port = String((Number(port) || (secure ? 5671 : 5672)) + MANAGEMENT_PORTS_ABOVE);
  if (management.username === '') {
    management.username = username === '' ? 'guest' : username;
    management.password = username === '' ? 'guest' : password;
  }
  return { url: url.replace(/\/+$/, ''), managementUrl: management.href.replace(/\/$/, '') };
}

/** Without the text itself: there may be a password in it. */
function notUrl(component: ComponentId, expected?: string): EvpipeError {
  const form =
    expected ??
    (component.kind === 'postgres'
      ? 'postgres://user:password@host:5432/database'
      : component.kind === 'rabbitmq'
        ? 'amqp://user:password@host:5672/vhost'
        : 'http://host:port');
  return new EvpipeError(
    'EVPIPE_ADDRESS_INVALID',
    `the address of ${componentKey(component)} is not of the form ${form}`,
    {
      kind: 'usage',
      todo: `Correct it in the file's targets or in ${envName(component)}.`,
    },
  );
}
