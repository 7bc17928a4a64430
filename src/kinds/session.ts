import type { Pipeline } from '../pipeline/pipeline.js';
import { type ReferenceValues, referencesIn, resolveReferences } from '../pipeline/references.js';
import { Lifetime } from '../support/lifetime.js';
import type { Log } from '../support/log.js';
import { openTarget } from '../targets/open.js';
import type { Endpoints, Faces, ServerKind, Target, TargetInput } from '../targets/target.js';
import { Clients } from './clients.js';
import type { Emit } from './events.js';
import type { ServiceSection } from './service/section.js';
import type { StoreSection } from './store/section.js';

/** What every operation works with: the pipeline, its target, clients of what runs, and a way to say what happens. */
export interface Session {
  readonly pipeline: Pipeline;
  readonly target: Target;
  readonly clients: Clients;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** How long one thing may take to become ready. */
  readonly timeoutMs: number;
  /** Everything `$(…)` means by now to a reader of this face. */
  references(face: keyof Faces<unknown>): Promise<ReferenceValues>;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
}

const READY_TIMEOUT_MS = 60_000;

export function openSession(pipeline: Pipeline, options: SessionOptions): Session {
  const lifetime = new Lifetime();
  const { env, log, emit, signal } = options;
  const target = openTarget(targetInput(pipeline), { stateFolder: pipeline.stateFolder, env, log, signal });
  lifetime.onEnd(() => target.close());
  return {
    pipeline,
    target,
    emit,
    signal,
    timeoutMs: options.timeoutMs ?? READY_TIMEOUT_MS,
    clients: new Clients(target, lifetime, signal),
    references: async (face) => referenceValues(await target.endpoints(), face, pipeline.stores),
    close: () => lifetime.end(),
  };
}

export function targetInput(pipeline: Pipeline): TargetInput {
  return {
    pipeline: pipeline.name,
    file: pipeline.file,
    folder: pipeline.folder,
    spec: pipeline.target,
    servers: serversOf(pipeline),
    databases: pipeline.databases.map(({ name }) => name),
    services: pipeline.services.map(({ name }) => name),
    stores: pipeline.stores.map(({ name, kind, optional }) => ({ name, kind, optional })),
    gateway: pipeline.gateway !== undefined,
    wishedPorts: [...pipeline.services, pipeline.gateway].flatMap((one) => one?.port ?? []),
  };
}

/** Kafka always (it also holds the ledger); the others where something is declared that needs them. */
export function serversOf(pipeline: Pipeline): readonly ServerKind[] {
  const refers = (path: string): boolean =>
    pipeline.services.some((service) => serviceReferences(service).includes(path));
  return [
    'kafka' as const,
    ...(pipeline.subjects.length > 0 || pipeline.ksqldb !== undefined || refers('schemaRegistry.url')
      ? (['schemaRegistry'] as const)
      : []),
    ...(pipeline.connectors.length > 0 || refers('connect.url') ? (['connect'] as const) : []),
    ...(pipeline.ksqldb !== undefined || refers('ksqldb.url') ? (['ksqldb'] as const) : []),
    ...(pipeline.rabbitmq !== undefined || refers('rabbitmq.url') ? (['rabbitmq'] as const) : []),
  ];
}

export function serviceReferences(service: ServiceSection): readonly string[] {
  const texts = [...Object.values(service.env), ...(service.run.kind === 'command' ? service.run.command : [])];
  return texts.flatMap(referencesIn);
}

function referenceValues(
  endpoints: Endpoints,
  face: keyof Faces<unknown>,
  stores: readonly StoreSection[],
): ReferenceValues {
  const values = new Map<string, string>();
  const { kafka } = endpoints;
  if (kafka !== undefined) values.set('kafka.bootstrapServers', kafka[face].bootstrapServers);
  for (const kind of ['schemaRegistry', 'connect', 'ksqldb', 'rabbitmq'] as const) {
    const found = endpoints[kind];
    if (found !== undefined) values.set(`${kind}.url`, found[face].url);
  }
  for (const [name, faces] of endpoints.databases) {
    const { url, host, port, database, user, password } = faces[face];
    const fields = { url, host, port: String(port), name: database, user, password };
    for (const [field, value] of Object.entries(fields)) values.set(`databases.${name}.${field}`, value);
  }
  for (const [name, faces] of endpoints.services) {
    const { url, port } = faces[face];
    if (url !== undefined) values.set(`services.${name}.url`, url);
    if (port !== undefined) values.set(`services.${name}.port`, String(port));
  }
  if (endpoints.gateway !== undefined) values.set('gateway.url', endpoints.gateway[face].url);
  // Whoever may do without a store is told of none.
  for (const { name, optional } of stores) if (optional) values.set(`stores.${name}.url`, '');
  for (const [name, faces] of endpoints.stores) values.set(`stores.${name}.url`, faces[face].url);
  return values;
}

export function resolveAll(
  settings: Readonly<Record<string, string>>,
  values: ReferenceValues,
): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, resolveReferences(value, values)]));
}
