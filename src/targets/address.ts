import { envName, type Placement } from './placement.js';
import { storeMissing } from './store-programs.js';
import {
  type ComponentId,
  type ComponentStatus,
  componentKey,
  type Endpoint,
  type Faces,
  type LogLine,
  type Provider,
  type Started,
} from './target.js';

/** Components that somebody else runs: they are never started or stopped, only talked to. */
export class AddressProvider implements Provider {
  readonly kind = 'address';

  constructor(private readonly placement: Placement) {}

  async start(component: ComponentId): Promise<Started> {
    const endpoint = await this.endpoint(component);
    if (endpoint === undefined) throw storeMissing(`it has no address (${envName(component)})`);
    return { endpoint, changed: false, notes: [] };
  }

  async endpoint(component: ComponentId): Promise<Faces<Endpoint> | undefined> {
    return this.placement.address(component);
  }

  /** Whether it answers is for its client to find out: an address alone says nothing of that. */
  async status(components: readonly ComponentId[]): Promise<readonly ComponentStatus[]> {
    return components.map((component) => {
      const endpoint = this.placement.address(component);
      return {
        process: componentKey(component),
        components: [component],
        provider: 'address',
        // Only an optional store may be without an address.
        state: endpoint === undefined ? 'absent' : 'unknown',
        restarts: 0,
        lastLines: endpoint === undefined ? [`it has no address (${envName(component)})`] : [],
        address: describe(endpoint?.host),
      };
    });
  }

  async *logs(): AsyncGenerator<LogLine> {
    // Theirs are not ours to read.
  }

  async stop(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/** Never with a user or password in it. */
function describe(endpoint: Endpoint | undefined): string {
  if (endpoint === undefined) return '';
  if ('bootstrapServers' in endpoint) return endpoint.bootstrapServers;
  if ('database' in endpoint) return `${endpoint.host}:${endpoint.port}/${endpoint.database}`;
  if (endpoint.url === undefined) return '';
  if (!URL.canParse(endpoint.url)) return endpoint.url.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/, ''); // several servers
  const { protocol, host, pathname } = new URL(endpoint.url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
