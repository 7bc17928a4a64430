import { merged } from '../support/merged.js';
import { AddressProvider } from './address.js';
import {
  type Component,
  type ComponentId,
  type ComponentKind,
  componentKey,
  type Endpoint,
  type EndpointOf,
  type Faces,
  type Launch,
  type LaunchOf,
  type ProviderKind,
  type Upstream,
} from './component.js';
import { ComposeProvider } from './compose/provider.js';
import { EmbeddedProvider } from './embedded.js';
import { type Placement, placeComponents } from './placement.js';
import { type Holder, withRole } from './roles.js';
import { PipelineSecrets } from './secrets.js';
import type {
  ComponentStatus,
  LogLine,
  LogOptions,
  Provider,
  ShutdownOptions,
  Started,
  StatusOptions,
  Target,
  TargetContext,
  TargetInput,
} from './target.js';

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
    input: TargetInput,
    context: TargetContext,
    private readonly placement: Placement,
  ) {
    this.name = input.target.name;
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

  async start<K extends ComponentKind>(component: ComponentId<K>, launch?: LaunchOf<K>): Promise<Started<K>> {
    return (await this.startOnce(this.declared(component), launch)) as Started<K>;
  }

  async differences<K extends ComponentKind>(id: ComponentId<K>, launch?: LaunchOf<K>) {
    const component = this.declared(id);
    const needs = (component.needs ?? []).flatMap((one) => this.placement.find(one) ?? []);
    const found = await Promise.all(needs.map(async (one) => [componentKey(one), await this.endpoint(one)] as const));
    const endpoints = new Map(found.flatMap(([key, faces]) => (faces === undefined ? [] : [[key, faces] as const])));
    if (endpoints.size < needs.length) return undefined;
    return this.provider(component).differences(component, launch, this.upstreamOf(endpoints));
  }

  async endpoint<K extends ComponentKind>(component: ComponentId<K>): Promise<Faces<EndpointOf<K>> | undefined> {
    const declared = this.placement.find(component);
    if (declared === undefined) return undefined;
    return (await this.provider(component).endpoint(declared)) as Faces<EndpointOf<K>> | undefined;
  }

  as<E extends Endpoint>(endpoint: E, holder: Holder): E {
    return withRole(endpoint, holder, (role) => this.secrets.rolePassword(role));
  }

  async status(options: StatusOptions = { memory: false }): Promise<readonly ComponentStatus[]> {
    const kinds = [...new Set(this.placement.components.map((component) => this.providerOf(component)))];
    const all = await Promise.all(
      kinds.map((kind) => {
        const components = this.placement.components.filter((component) => this.providerOf(component) === kind);
        return this.providers[kind].status(components, options);
      }),
    );
    return all.flat();
  }

  logs(options: LogOptions): AsyncIterable<LogLine> {
    return merged([this.embedded.logs(options), this.compose.logs(options)]);
  }

  async stop(id: ComponentId): Promise<void> {
    const component = this.declared(id);
    this.starts.delete(this.startKey(component));
    await this.provider(component).stop(component);
  }

  async restart(id: ComponentId): Promise<void> {
    const component = this.declared(id);
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

  private async startOnce(component: Component, launch: Launch | undefined): Promise<Started> {
    const key = this.startKey(component);
    const known = this.starts.get(key);
    if (known !== undefined && (launch === undefined || sameLaunch(known.launch, launch))) {
      const started = await known.started;
      // Databases share a start; each has an endpoint of its own.
      return { ...started, endpoint: (await this.endpoint(component)) ?? started.endpoint };
    }
    const started = this.startNow(component, launch);
    this.starts.set(key, { launch, started });
    started.catch(() => {
      if (this.starts.get(key)?.started === started) this.starts.delete(key);
    });
    return started;
  }

  private async startNow(component: Component, launch: Launch | undefined): Promise<Started> {
    const needs = (component.needs ?? []).flatMap((id) => this.placement.find(id) ?? []);
    const started = await Promise.all(
      needs.map(async (one) => [componentKey(one), (await this.startOnce(one, undefined)).endpoint] as const),
    );
    return this.provider(component).start(component, launch, this.upstreamOf(new Map(started)));
  }

  private upstreamOf(endpoints: ReadonlyMap<string, Faces<Endpoint>>): Upstream {
    return {
      of: <K extends ComponentKind>(id: ComponentId<K>) =>
        endpoints.get(componentKey(id)) as Faces<EndpointOf<K>> | undefined,
      isForeign: (id) => this.providerOf(id) === 'address',
    };
  }

  /** Components in one process or container share its start. */
  private startKey(component: Component): string {
    const provider = this.providerOf(component);
    if (provider === 'embedded') return component.embedded.process;
    return (provider === 'compose' ? component.compose?.container : undefined) ?? componentKey(component);
  }

  private declared(component: ComponentId): Component {
    const found = this.placement.find(component);
    if (found === undefined) throw new Error(`this pipeline has no ${componentKey(component)}`);
    return found;
  }

  private provider(component: ComponentId): Provider {
    return this.providers[this.providerOf(component)];
  }
}

const sameLaunch = (a: Launch | undefined, b: Launch): boolean => JSON.stringify(a) === JSON.stringify(b);
