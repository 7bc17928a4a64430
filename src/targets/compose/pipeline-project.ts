import type { Environment } from '../../support/environment.js';
import { EvpipeError } from '../../support/errors.js';
import {
  type Component,
  type ComponentKind,
  type ComposeForm,
  componentKey,
  type Endpoint,
  type Faces,
  HOST,
} from '../component.js';
import type { Placement } from '../placement.js';
import type { PipelineSecrets } from '../secrets.js';
import type { TargetInput } from '../target.js';
import { composeProject, type Project, portKey } from './project.js';

/** Ports of the host, by the variables of the fragments and, for services, by the names of their containers. */
export type HostPorts = Readonly<Record<string, number>>;

/** What of a pipeline is placed in Compose, and the project that runs it. Starts nothing and writes nothing. */
export class PipelineProject {
  /** What is placed in Compose. */
  readonly components: readonly Component[];
  /** One of each container of theirs. */
  readonly containers: ReadonlyArray<ComposeForm<ComponentKind>>;

  constructor(
    readonly name: string,
    private readonly input: TargetInput,
    private readonly placement: Placement,
    private readonly env: Environment,
    private readonly secrets: PipelineSecrets,
  ) {
    this.components = placement.components.filter((component) => placement.providerOf(component) === 'compose');
    const forms = this.components.flatMap(({ compose }) => compose ?? []);
    this.containers = [...new Map(forms.map((form) => [form.container, form])).values()];
  }

  /** `contents`: what containers read from files that change without the project. */
  project(ports: HostPorts, contents?: ReadonlyMap<string, string>): Project {
    const { name, containers } = this;
    return composeProject({
      name,
      containers,
      ports: { ...this.preferredPorts(), ...ports },
      variables: this.variables(ports),
      contents,
    });
  }

  /** The standard ports, and those that services and the gateway declare; of the containers that are wanted. */
  preferredPorts(wanted: (container: string) => boolean = () => true): HostPorts {
    const ports = this.containers
      .filter(({ container }) => wanted(container))
      .flatMap((one) =>
        Object.entries(one.ports).map(([variable, { preferred }]) => [portKey(one, variable), preferred]),
      );
    return Object.fromEntries(ports);
  }

  /** The address of a component in Compose: from the host through a published port, from containers by its name. */
  endpoint(component: Component, ports: HostPorts): Faces<Endpoint> {
    const form = formOf(component);
    const published = (variable: string) => ({
      host: { host: HOST, port: ports[portKey(form, variable)] ?? 0 },
      inside: { host: form.container, port: form.ports[variable]?.inside ?? 0 },
    });
    return form.endpoint(published, this.secrets);
  }

  /** By the name of a component or its container; undefined for what runs elsewhere. */
  containerNamed(name: string): string | undefined {
    const found =
      this.components.find(({ compose }) => compose?.container === name) ??
      this.components.find((component) => component.name === name);
    return found?.compose?.container;
  }

  private variables(ports: HostPorts): Environment {
    const images = Object.entries(this.env).filter(([name]) => name.startsWith('EVPIPE_IMAGE_'));
    const published = Object.entries(ports).map(([name, port]) => [name, String(port)]);
    const own = this.containers.map((form) => form.variables?.(this.name, this.env));
    const needed = new Map(
      this.components
        .flatMap(({ needs = [] }) => needs.flatMap((id) => this.placement.find(id) ?? []))
        .map((component) => [componentKey(component), component]),
    );
    const told = [...needed.values()].map((component) => this.told(component));
    return Object.assign({}, Object.fromEntries([...images, ...published]), ...own, ...told) as Environment;
  }

  /** What fragments are told of a server that they need. Throws EVPIPE_COMPOSE_UNREACHABLE (kind usage) for what they can't reach. */
  private told(component: Component): Environment | undefined {
    const provider = this.placement.providerOf(component);
    const inside =
      provider === 'compose' ? this.endpoint(component, {}).inside : this.placement.address(component)?.inside;
    const what = componentKey(component);
    if (inside === undefined) {
      throw this.unreachable(component, `can’t reach ${what}, which runs as a process on this host`);
    }
    const told = component.compose?.told;
    const variables = told?.(inside, provider === 'address');
    if (told === undefined || variables !== undefined) return variables;
    throw this.unreachable(component, `reach an unprotected ${what} only`);
  }

  private unreachable(component: Component, why: string): EvpipeError {
    return new EvpipeError('EVPIPE_COMPOSE_UNREACHABLE', `containers of target ${this.input.target.name} ${why}`, {
      kind: 'usage',
      todo: `Place ${componentKey(component)} in compose too, or place what reads it elsewhere.`,
    });
  }
}

/** Throws EVPIPE_SERVICE_HAS_NO_IMAGE (kind usage) for what can't run in a container. */
export function formOf({ kind, name, compose }: Component): ComposeForm<ComponentKind> {
  if (compose !== undefined) return compose;
  throw new EvpipeError('EVPIPE_SERVICE_HAS_NO_IMAGE', `${kind} ${name} is placed in Compose and has no image`, {
    kind: 'usage',
    todo: 'Give it `image:` or `build:`, or take it out of the target.',
  });
}
