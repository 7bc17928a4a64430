import type { Environment } from '../support/environment.js';
import { EvpipeError } from '../support/errors.js';
import {
  type AddressContext,
  type AddressOf,
  type Component,
  type ComponentId,
  type ComponentKind,
  componentKey,
  type Endpoint,
  type Faces,
  furtherVariable,
  type ProviderKind,
  variableOf,
  type WithInside,
} from './component.js';
import type { TargetInput } from './target.js';

type Address = WithInside<AddressOf<ComponentKind>>;

/** Where every component of the pipeline runs, and the endpoints of those that have an address. */
export interface Placement {
  readonly components: readonly Component[];
  /** Undefined: the pipeline does not declare it. */
  find(component: ComponentId): Component | undefined;
  providerOf(component: ComponentId): ProviderKind;
  /** Undefined for what has no address. */
  address(component: ComponentId): Faces<Endpoint> | undefined;
}

/** Throws EVPIPE_ADDRESS_MISSING (kind usage) with all missing addresses at once. */
export function placeComponents({ target, file, folder, components }: TargetInput, env: Environment): Placement {
  const byKey = new Map(components.map((component) => [componentKey(component), component]));
  const find = (component: ComponentId) => byKey.get(componentKey(component));
  const providerOf = (id: ComponentId): ProviderKind => {
    const component = find(id);
    const placed = component?.placed;
    if (placed === 'embedded' || placed === 'compose') return placed;
    if (placed !== undefined) return 'address';
    return (
      component?.defaultProvider?.(target.base, providerOf) ?? (target.base === 'cluster' ? 'address' : target.base)
    );
  };
  const addresses = new Map<string, Faces<Endpoint>>();
  const missing: string[] = [];
  for (const component of components.filter((one) => providerOf(one) === 'address')) {
    const address = typeof component.placed === 'object' ? component.placed : addressInEnv(component, env);
    if (address !== undefined) addresses.set(componentKey(component), endpointAt(component, address, { env, folder }));
    else if (component.absent === undefined) missing.push(`${componentKey(component)} (${variableOf(component)})`);
  }
  if (missing.length > 0) {
    throw new EvpipeError('EVPIPE_ADDRESS_MISSING', `target ${target.name} has no address for ${missing.join(', ')}`, {
      kind: 'usage',
      todo: `Set them under targets.${target.name} in ${file}, or set the variables named.`,
    });
  }
  return { components, find, providerOf, address: (component) => addresses.get(componentKey(component)) };
}

function addressInEnv(component: Component, env: Environment): Address | undefined {
  const host = env[variableOf(component)];
  const inside = env[variableOf(component, '_INSIDE')];
  if (host === undefined || host === '') return undefined;
  const { written } = component.address;
  const further = (field: string) => env[furtherVariable(component.address, field)] || undefined;
  return { ...written(host, further), ...(inside !== undefined && { inside: written(inside, () => undefined) }) };
}

function endpointAt(component: Component, { inside, ...host }: Address, context: AddressContext): Faces<Endpoint> {
  const at = (address: AddressOf<ComponentKind>): Endpoint => {
    const endpoint = component.address.endpoint(address, context);
    if (endpoint === undefined) throw invalidAddress(component);
    return endpoint;
  };
  return { host: at(host), inside: at({ ...host, ...inside }) };
}

/** Without the text itself: there may be a password in it. */
const invalidAddress = (component: Component): EvpipeError =>
  new EvpipeError(
    'EVPIPE_ADDRESS_INVALID',
    `the address of ${componentKey(component)} is not of the form ${component.address.form}`,
    { kind: 'usage', todo: `Correct it in the file's targets or in ${variableOf(component)}.` },
  );
