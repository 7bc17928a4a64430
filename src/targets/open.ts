import { merged } from '../support/merged.js';
import { AddressProvider } from './address.js';
import { ComposeProvider } from './compose/provider.js';
import { EmbeddedProvider } from './embedded.js';
import { type Placement, placeComponents } from './placement.js';
import { type Holder, withRole } from './roles.js';
import { PipelineSecrets } from './secrets.js';
import {
  type ComponentId,
  type ComponentKind,
  type ComponentStatus,
  componentKey,
  type Endpoint,
  type EndpointByKind,
  type Endpoints,
  type Faces,
  type Launch,
  type LaunchByKind,
  type LogLine,
  type LogOptions,
  type Provider,
  type ProviderKind,
  type ServerKind,
  type ShutdownOptions,
  type Started,
  server,
  type Target,
  type TargetContext,
  type TargetInput,
  type Upstream,
} from './target.js';

/** What each component has to be told of, and therefore waits for, as far as the pipeline declares it. */
const NEEDS: Readonly<Partial<Record<ComponentKind, readonly ServerKind[]>>> = {
  schemaRegistry: ['kafka'],
  connect: ['kafka'],
  ksqldb: ['kafka', 'schemaRegistry', 'connect'],
};

/** Starts nothing. Throws EVPIPE_ADDRESS_MISSING or EVPIPE_ADDRESS_INVALID (kind usage). */
export function openTarget(input: TargetInput, context: TargetContext): Target {
  return new MixedTarget(input, context, placeComponents(input, context.env));
}

/** Any target is a mixed one: each component has its own provider. */
class MixedTarget implements Target {
  readonly name: string;
  private readonly embedded: EmbeddedProvider;
  private readonly compose: ComposeProvider;
  private readonly secrets: PipelineSecrets;
  private readonly providers: Readonly<Record<ProviderKind, Provider>>;
  /** Starts of this life of the target: asked for twice, done once. A failed one may be tried again. */
  private readonly starts = new Map<
    string,
    { readonly launch: Launch | undefined; readonly started: Promise<Started> }
  >();

  constructor(
    private readonly input: TargetInput,
    context: TargetContext,
    private readonly placement: Placement,
  ) {
    this.name = input.spec.name;
    this.secrets = new PipelineSecrets(context.stateFolder);
    this.embedded = new EmbeddedProvider(input, context);
    this.compose = new ComposeProvider(input, context, placement);
    this.providers = { embedded: this.embedded, address: new AddressProvider(placement), compose: this.compose };
  }

  providerOf(component: ComponentId): ProviderKind {
    return this.placement.providerOf(component);
  }

  get usesCompose(): boolean {
    return this.placement.components.some((component) => this.providerOf(component) === 'compose');
  }

  faceOf(component: ComponentId): keyof Faces<unknown> {
    return this.providerOf(component) === 'embedded' ? 'host' : 'inside';
  }

  async start<K extends ComponentKind>(component: ComponentId<K>, launch?: LaunchByKind[K]): Promise<Started<K>> {
    return (await this.startOnce(component, launch)) as Started<K>;
  }

  async endpoint<K extends ComponentKind>(component: ComponentId<K>): Promise<Faces<EndpointByKind[K]> | undefined> {
    return (await this.provider(component).endpoint(component)) as Faces<EndpointByKind[K]> | undefined;
  }

  async endpoints(): Promise<Endpoints> {
    const found = await Promise.all(
      this.placement.components.map(async (component) => ({ component, faces: await this.endpoint(component) })),
    );
    const known = found.filter((one) => one.faces !== undefined);
    const ofKind = (kind: ComponentKind) =>
      new Map(known.filter((one) => one.component.kind === kind).map((one) => [one.component.name, one.faces]));
    const servers = known.filter((one) => this.input.servers.includes(one.component.kind as ServerKind));
    return {
      ...Object.fromEntries(servers.map((one) => [one.component.kind, one.faces])),
      databases: ofKind('postgres'),
      ...Object.fromEntries(
        known.filter((one) => one.component.kind === 'gateway').map((one) => ['gateway', one.faces]),
      ),
      services: ofKind('service'),
      stores: ofKind('stores'),
    } as Endpoints;
  }

  as<E extends Endpoint>(endpoint: E, holder: Holder): E {
    return withRole(endpoint, holder, (role) => this.secrets.rolePassword(role));
  }

  async status(): Promise<readonly ComponentStatus[]> {
    const kinds = [...new Set(this.placement.components.map((component) => this.providerOf(component)))];
    const all = await Promise.all(
      kinds.map((kind) => {
        const components = this.placement.components.filter((component) => this.providerOf(component) === kind);
        return this.providers[kind].status(components);
      }),
    );
    return all.flat();
  }

  logs(options: LogOptions): AsyncIterable<LogLine> {
    return merged([this.embedded.logs(options), this.compose.logs(options)]);
  }

  async stop(component: ComponentId): Promise<void> {
    this.starts.delete(this.startKey(component));
    await this.provider(component).stop(component);
  }

  async restart(component: ComponentId): Promise<void> {
    const provider = this.providerOf(component);
    if (provider === 'embedded') await this.embedded.restart(component);
    if (provider === 'compose') await this.compose.restart(component);
  }

  async shutdown(options: ShutdownOptions): Promise<void> {
    this.starts.clear();
    // Services first, and the state folder last: it has what Compose needs to end its containers.
    await this.embedded.shutdown({ volumes: false });
    await this.compose.shutdown(options);
    if (options.volumes) await this.embedded.shutdown(options);
  }

  close(): Promise<void> {
    return this.embedded.close();
  }

  private startOnce(component: ComponentId, launch: Launch | undefined): Promise<Started> {
    const key = this.startKey(component);
    const known = this.starts.get(key);
    if (known !== undefined && (launch === undefined || sameLaunch(known.launch, launch))) {
      return this.withEndpoint(component, known.started);
    }
    const started = this.startNow(component, launch);
    this.starts.set(key, { launch, started });
    started.catch(() => {
      if (this.starts.get(key)?.started === started) this.starts.delete(key);
    });
    return started;
  }

  private async startNow(component: ComponentId, launch: Launch | undefined): Promise<Started> {
    const needs = (NEEDS[component.kind] ?? []).filter((kind) => this.input.servers.includes(kind));
    const endpoints = await Promise.all(
      needs.map(async (kind) => [kind, (await this.startOnce(server(kind), undefined)).endpoint] as const),
    );
    const shared = needs.includes('kafka') && this.providerOf(server('kafka')) === 'address';
    const upstream: Upstream = { ...Object.fromEntries(endpoints), ...(shared && { ownTopics: this.input.pipeline }) };
    return this.provider(component).start(component, launch, upstream);
  }

  /** The databases of one PostgreSQL, and the stores in it, share its start; each has an endpoint of its own. */
  private async withEndpoint(component: ComponentId, shared: Promise<Started>): Promise<Started> {
    const started = await shared;
    if (component.kind !== 'postgres' && component.kind !== 'stores') return started;
    return { ...started, endpoint: (await this.endpoint(component)) ?? started.endpoint };
  }

  private startKey(component: ComponentId): string {
    if (this.providerOf(component) === 'address') return componentKey(component);
    if (component.kind === 'postgres') return 'postgres';
    if (component.kind !== 'stores') return componentKey(component);
    const kind = this.input.stores.find(({ name }) => name === component.name)?.kind;
    return kind === 'documents' && this.providerOf(component) === 'embedded' ? 'postgres' : (kind ?? component.name);
  }

  private provider(component: ComponentId): Provider {
    return this.providers[this.providerOf(component)];
  }
}

const sameLaunch = (a: Launch | undefined, b: Launch): boolean => JSON.stringify(a) === JSON.stringify(b);
