import { join, resolve } from 'node:path';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import {
  type AddressForm,
  bothFaces,
  type Component,
  type ComponentId,
  type ComposeForm,
  type EmbeddedLaunch,
  type EmbeddedStart,
  eachFace,
  HOST,
  inVariable,
  type Readiness,
} from '../../targets/component.js';
import { envFile } from '../../targets/compose/env-file.js';
import type { PipelineSecrets } from '../../targets/secrets.js';
import { type HttpEndpoint, type HttpServerAddress, httpAddress } from '../http-component.js';
import type { ServiceSection } from './section.js';

declare module '../../targets/component.js' {
  interface ComponentKinds {
    readonly service: {
      readonly endpoint: ServiceEndpoint;
      readonly launch: ServiceLaunch;
      readonly address: HttpServerAddress;
    };
  }
}

/** A service that listens nowhere (a consumer) has neither. */
export interface ServiceEndpoint extends Partial<HttpEndpoint> {
  readonly port?: number;
  /** It declares no more than that it accepts connections: what it would answer to is not known. */
  readonly isTcp?: true;
}

/** A declared service with its `$(…)` references resolved. */
export interface ServiceLaunch {
  /** A TypeScript or JavaScript module, absolute or relative to the pipeline's folder, or a command run in that folder. */
  readonly run:
    | { readonly kind: 'module'; readonly module: string }
    | { readonly kind: 'command'; readonly command: readonly string[]; readonly cwd?: string | undefined }
    /** What its image runs. */
    | { readonly kind: 'container' };
  readonly env: Readonly<Record<string, string>>;
  /** Written before each start, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
  /**
   * alive: the process lives this long; spawned: does not wait (the caller asks for something better, a consumer group
   * with a member).
   */
  readonly ready: Readiness;
  readonly readyTimeoutMs?: number;
}

export const service = (name: string): ComponentId<'service'> => ({ kind: 'service', name });

type Declared = Pick<ServiceSection, 'name' | 'port' | 'container'> & Partial<Pick<ServiceSection, 'ready'>>;

/** `taken`: what servers are called; a service that is called so too gets another name. */
export function serviceComponent(
  { name, port, container, ready }: Declared,
  { target, folder }: Pick<Pipeline, 'target' | 'folder'>,
  taken: ReadonlySet<string>,
): Component<'service'> {
  const process = taken.has(name) ? `service-${name}` : name;
  const isTcp = ready?.how.kind === 'tcp' ? ({ isTcp: true } as const) : {};
  return {
    ...service(name),
    placed: target.services?.[name],
    // Services are processes of this host on every target but for those that have an image.
    defaultProvider: (base) => (base === 'compose' && container !== undefined ? 'compose' : 'embedded'),
    address: addressOf(name),
    embedded: {
      process,
      port,
      layer: 5,
      stopTimeoutMs: 5_000,
      launch: (start) => launchOnHost(name, start),
      endpoint: (on) => (on === undefined ? {} : { port: on, url: `http://${HOST}:${on}`, ...isTcp }),
    },
    compose: container && inContainer({ name, port, isTcp }, process, container, folder),
  };
}

function addressOf(name: string): AddressForm<'service'> {
  const { credentials: _credentials, referred: _referred, ...form } = httpAddress(`SERVICE_${inVariable(name)}`);
  return {
    ...form,
    text: ({ url }) => url,
    endpoint: (address, context) => {
      const endpoint = form.endpoint(address, context);
      if (endpoint === undefined) return undefined;
      const { port, protocol } = new URL(endpoint.url);
      return { ...endpoint, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
    },
  };
}

const sessionSecret = (name: string, secrets: PipelineSecrets) => ({
  SESSION_SECRET: secrets.derived(`sessions of ${name}`),
});

// ── on this host ────────────────────────────────────────────────────────────────────────────────────────────

async function launchOnHost(name: string, start: EmbeddedStart<'service'>): Promise<EmbeddedLaunch> {
  const { launch, folder, secrets } = start;
  return {
    program: {
      kind: 'command',
      command: await commandOf(name, start),
      cwd: resolve(folder, (launch.run.kind === 'command' ? launch.run.cwd : undefined) ?? '.'),
      ...(launch.files !== undefined && { files: launch.files }),
    },
    env: { ...sessionSecret(name, secrets), ...launch.env },
    ready: launch.ready,
    ...(launch.readyTimeoutMs !== undefined && { readyTimeoutMs: launch.readyTimeoutMs }),
  };
}

async function commandOf(
  name: string,
  { launch: { run }, folder, stateFolder, isTrial }: EmbeddedStart<'service'>,
): Promise<readonly [string, ...string[]]> {
  if (run.kind === 'container') {
    throw new EvpipeError(
      'EVPIPE_SERVICE_NEEDS_CONTAINERS',
      `service ${name} has only an image: it runs in a container`,
      { kind: 'usage', todo: 'Use `--target compose`, or give it a module or a command for other targets.' },
    );
  }
  if (run.kind === 'command') {
    const [program, ...args] = run.command;
    if (program === undefined) throw new EvpipeError('EVPIPE_SERVICE_COMMAND', `service ${name}: the command is empty`);
    return [program, ...args];
  }
  const { buildService, removeOldBuilds } = await import('../../targets/service-build.js'); // few commands build
  const buildFolder = join(stateFolder, 'services');
  const file = await buildService({ service: name, module: run.module, folder, buildFolder });
  if (!isTrial) removeOldBuilds(buildFolder, name, file);
  return [process.execPath, '--enable-source-maps', file];
}

// ── in a container ──────────────────────────────────────────────────────────────────────────────────────────

function inContainer(
  { name, port, isTcp }: Pick<Declared, 'name' | 'port'> & { readonly isTcp: Pick<ServiceEndpoint, 'isTcp'> },
  container: string,
  source: NonNullable<ServiceSection['container']>,
  folder: string,
): ComposeForm<'service'> {
  return {
    container,
    source: 'build' in source ? { build: resolve(folder, source.build) } : source,
    ports: port === undefined ? {} : { [container]: { preferred: port, inside: port } },
    endpoint: (published) =>
      port === undefined
        ? bothFaces({})
        : eachFace(published(container), (at) => ({ port: at.port, url: `http://${at.host}:${at.port}`, ...isTcp })),
    launchFile: {
      name: `${container}.env`,
      text: ({ env }, secrets) => {
        const listens = port === undefined ? {} : { HOST: '0.0.0.0', PORT: String(port) };
        return envFile({ ...sessionSecret(name, secrets), ...env, ...listens });
      },
    },
    readiness: ({ ready }) => ready,
  };
}
