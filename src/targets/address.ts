import { type Component, componentKey, type Endpoint, type Faces, variableOf } from './component.js';
import type { LaunchDifference } from './launch-difference.js';
import type { Placement } from './placement.js';
import type { ComponentStatus, LogLine, Provider, Started } from './target.js';

/** Components that others run: they are connected to, never started or stopped. */
export class AddressProvider implements Provider {
  readonly kind = 'address';

  constructor(private readonly placement: Placement) {}

  async start(component: Component): Promise<Started> {
    const endpoint = await this.endpoint(component);
    if (endpoint !== undefined) return { endpoint, changed: false, notes: [] };
    throw component.absent?.(noAddress(component)) ?? new Error(`${componentKey(component)}: ${noAddress(component)}`);
  }

  async endpoint(component: Component): Promise<Faces<Endpoint> | undefined> {
    return this.placement.address(component);
  }

  /** Whether it answers is for its client to find out: an address alone says nothing of that. */
  async status(components: readonly Component[]): Promise<readonly ComponentStatus[]> {
    return components.map((component) => {
      const endpoint = this.placement.address(component)?.host;
      return {
        process: componentKey(component),
        components: [component],
        provider: 'address',
        // Only an optional component may be without an address.
        state: endpoint === undefined ? 'absent' : 'unknown',
        restarts: 0,
        lastLines: endpoint === undefined ? [noAddress(component)] : [],
        address: endpoint === undefined ? '' : shown(component, endpoint),
      };
    });
  }

  async *logs(): AsyncGenerator<LogLine> {
    // Theirs are not ours to read.
  }

  async differences(): Promise<readonly LaunchDifference[]> {
    return []; // others start it, as they like
  }

  async stop(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

const noAddress = (component: Component): string => `it has no address (${variableOf(component)})`;

/** Never with a user or password in it. */
function shown({ address }: Component, endpoint: Endpoint): string {
  if (address.shown !== undefined) return address.shown(endpoint);
  const text = address.text(endpoint) ?? '';
  if (!URL.canParse(text)) return text.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/, ''); // several servers
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
