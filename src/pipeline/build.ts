import { existsSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fillConnector } from '../kinds/connector/connector-defaults.js';
import { buildRabbitmq } from '../kinds/rabbitmq/build.js';
import type { SourceLocation } from '../support/errors.js';
import { didYouMean } from './did-you-mean.js';
import { locate, type Tree } from './document.js';
import type {
  CheckSection,
  ColumnMap,
  GatewaySection,
  Located,
  Pipeline,
  PlaceSection,
  SeedSection,
  ServiceSection,
  SmokeExpectation,
  SmokeRequestSection,
  TargetSection,
  WritesSection,
} from './pipeline.js';
import { type Problem, problem, warning } from './problem.js';
import type { PipelineSpec } from './spec.js';

type CheckSpec = PipelineSpec['checks'][string];

/** What the model is made of beside the validated file. */
export interface BuildInput {
  readonly spec: PipelineSpec;
  readonly tree: Tree;
  readonly file: string;
  readonly folder: string;
  /** The target's name; the file's own targets are looked up before the plain ones. */
  readonly target: string;
}

/** Turns a valid file into the model: names and places beside values, defaults filled in, files listed. Pure but for looking at the folder. */
export function buildPipeline(input: BuildInput, problems: Problem[]): Pipeline {
  const { spec, tree, folder } = input;
  const located = (section: string, name: string): Located => ({
    name,
    location: locate(tree, [section, name]),
    locationOf: (...path) => locate(tree, [section, name, ...path]),
  });
  const all = <Value, Section>(
    section: string,
    of: Readonly<Record<string, Value>>,
    make: (value: Value, at: Located) => Section,
  ): Section[] => Object.entries(of).map(([name, value]) => make(value, located(section, name)));
  const sqlFiles = (path: string, at: SourceLocation): readonly string[] =>
    listSql(resolve(folder, path), path, at, problems);

  return {
    name: spec.name,
    file: input.file,
    folder,
    stateFolder: join(folder, '.evpipe', spec.name),
    target: findTarget(input, problems),
    databases: all('databases', spec.databases, (database, at) => ({
      ...at,
      migrations: database?.migrations === undefined ? [] : sqlFiles(database.migrations, at.locationOf('migrations')),
    })),
    topics: all('topics', spec.topics, (topic, at) => ({
      ...at,
      partitions: topic?.partitions ?? 1,
      replicationFactor: topic?.replication,
      config: topic?.config ?? {},
    })),
    compatibility: spec.schemas?.compatibility,
    subjects: Object.entries(spec.schemas?.subjects ?? {}).map(([name, subject]) => {
      const place = (...path: string[]): SourceLocation => locate(tree, ['schemas', 'subjects', name, ...path]);
      const { file, type, references } =
        typeof subject === 'string' ? { file: subject, type: 'AVRO' as const, references: [] } : subject;
      return { name, location: place(), locationOf: place, file: resolve(folder, file), type, references };
    }),
    connectors: all('connectors', spec.connectors, (connector, at) => ({
      ...at,
      database: connector.database,
      produces: connector.produces ?? [],
      written: connector.config ?? {},
      config:
        connector.config == null ? undefined : fillConnector(spec.name, at.name, connector.database, connector.config),
    })),
    ksqldb:
      spec.ksqldb == null
        ? undefined
        : { migrations: sqlFiles(spec.ksqldb.migrations, locate(tree, ['ksqldb', 'migrations'])) },
    connectEnv: spec.connect?.env ?? {},
    rabbitmq: buildRabbitmq(input),
    gateway: buildGateway(input),
    services: all('services', spec.services, (service, at) =>
      withCopies(buildService(service, at, problems), service.copies ?? 1, spec, problems),
    ).flat(),
    stores: all('stores', spec.stores, ({ kind, optional }, at) => ({ ...at, kind, optional })),
    seeds: all('seed', spec.seed, (seed, at) => buildSeed(seed, at, input, problems)).flat(),
    checks: all('checks', spec.checks, (check, at) => buildCheck(check, at, problems)).flatMap((check) => check ?? []),
    smoke: all('smoke', spec.smoke, (smoke, at) => ({
      ...at,
      requests: smokeRequests(smoke.request),
      expect: smoke.expect.flatMap(
        (one, index) => buildExpectation(one, at.locationOf('expect', String(index)), problems) ?? [],
      ),
      withinMs: durationMs(smoke.within),
    })),
  };
}

function buildSeed(
  seed: PipelineSpec['seed'][string],
  at: Located,
  { spec, folder }: BuildInput,
  problems: Problem[],
): readonly SeedSection[] {
  if ('service' in seed) return [{ ...at, kind: 'service', ...seed }];
  if ('csv' in seed) return [{ ...at, kind: 'csv', file: resolve(folder, seed.csv), ...seed.into }];
  if ('jsonl' in seed) return [{ ...at, kind: 'jsonl', file: resolve(folder, seed.jsonl), topic: seed.topic }];
  const [only, ...others] = Object.keys(spec.databases);
  const database = seed.database ?? (others.length === 0 ? only : undefined);
  if (database === undefined) {
    problems.push(problem('seed-database', at.location, `seed ${at.name} needs database: where its SQL runs`));
    return [];
  }
  return [{ ...at, kind: 'sql', file: resolve(folder, seed.sql), database }];
}

function buildGateway({ spec, tree }: BuildInput): GatewaySection | undefined {
  if (spec.gateway === undefined) return undefined;
  return {
    name: 'gateway',
    location: locate(tree, ['gateway']),
    locationOf: (...path) => locate(tree, ['gateway', ...path]),
    port: spec.gateway.port,
    routes: Object.entries(spec.gateway.routes).map(([prefix, service]) => ({ prefix, service })),
  };
}

/** `500ms`, `10s`, `2m`, `1h` in milliseconds; the spec has checked the form. */
export function durationMs(text: string): number {
  const match = /^([\d.]+)(ms|s|m|h)$/.exec(text);
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match?.[2] ?? ''];
  if (match === null || unit === undefined) throw new Error(`not a duration: ${text}`);
  return Number(match[1]) * unit;
}

function findTarget({ spec, tree, target }: BuildInput, problems: Problem[]): TargetSection {
  const own = spec.targets[target];
  if (own !== undefined) return { name: target, ...own } as TargetSection;
  if (target === 'embedded' || target === 'compose' || target === 'cluster') return { name: target, base: target };
  const known = [...Object.keys(spec.targets), 'embedded', 'compose', 'cluster'];
  const message = `there is no target ${target}${didYouMean(target, known)}`;
  problems.push(problem('target-unknown', locate(tree, ['targets']), message));
  return { name: 'embedded', base: 'embedded' };
}

function listSql(folder: string, written: string, location: SourceLocation, problems: Problem[]): readonly string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    problems.push(problem('file-missing', location, `there is no folder ${written}`));
    return [];
  }
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  if (files.length === 0) problems.push(warning('migrations-empty', location, `folder ${written} has no .sql file`));
  return files.sort().map((name) => join(folder, name));
}

function buildService(service: PipelineSpec['services'][string], at: Located, problems: Problem[]): ServiceSection {
  const { module, command } = service;
  if ((module === undefined) === (command === undefined)) {
    problems.push(problem('service-run', at.location, `service ${at.name} needs either module or command`));
  }
  if (command !== undefined && command.length === 0) {
    problems.push(problem('service-run', at.locationOf('command'), `the command of service ${at.name} is empty`));
  }
  const { outbox } = service;
  return {
    ...at,
    copyOf: undefined,
    run: module === undefined ? { kind: 'command', command: command ?? [] } : { kind: 'module', module },
    port: service.port,
    ready: service.ready,
    env: service.env ?? {},
    open: service.open === undefined ? undefined : { path: service.open.path, note: service.open.note },
    outbox:
      outbox === undefined
        ? undefined
        : {
            ...outbox,
            sent: outbox.sent,
            failure: outbox.failure,
            created: outbox.created,
            topics: outbox.topics ?? [],
          },
    consumes: service.consumes,
    produces: service.produces ?? [],
    receives: service.receives ?? [],
    publishes: service.publishes ?? [],
    writes: buildWrites(service.writes),
  };
}

/** A service and, beside it, its further copies: processes of their own, each with a name. */
function withCopies(
  service: ServiceSection,
  copies: number,
  spec: PipelineSpec,
  problems: Problem[],
): readonly ServiceSection[] {
  const names = Array.from({ length: copies - 1 }, (_, index) => `${service.name}-${index + 2}`);
  const refuse = (message: string): void => {
    problems.push(problem('copies', service.locationOf('copies'), `service ${service.name}: ${message}`));
  };
  if (names.length > 0 && service.port !== undefined) refuse('copies would all wish for its port; take port away');
  const taken = names.find((name) => spec.services[name] !== undefined);
  if (taken !== undefined) refuse(`one of its copies would be called ${taken}, as another service is`);
  return [service, ...names.map((name) => ({ ...service, name, copyOf: service.name }))];
}

function buildWrites(writes: PipelineSpec['services'][string]['writes']): WritesSection | undefined {
  if (writes === undefined) return undefined;
  return 'database' in writes ? { kind: 'tables', ...writes } : { kind: 'documents', ...writes };
}

/** A table of a database or a collection of a store, never both or half of one. */
function buildPlace(
  side: 'source' | 'replica',
  place: NonNullable<CheckSpec['source']>,
  at: Located,
  problems: Problem[],
): PlaceSection | undefined {
  const { database, table, store, collection, where } = place;
  const refuse = (message: string, ...path: string[]): undefined => {
    problems.push(problem('check-place', at.locationOf(side, ...path), `check ${at.name}: ${side} ${message}`));
    return undefined;
  };
  const inTable = database !== undefined || table !== undefined;
  const inStore = store !== undefined || collection !== undefined;
  if (inTable === inStore) {
    const found = inTable ? 'has both: it is in one place' : 'has neither';
    return refuse(`needs database and table, or store and collection; it ${found}`);
  }
  if (database !== undefined && table !== undefined) {
    if (typeof where === 'object') return refuse('is a table: its where is SQL', 'where');
    return { kind: 'table', database, table, where };
  }
  if (store !== undefined && collection !== undefined) {
    if (typeof where === 'string') return refuse('is documents: its where is { field: value }', 'where');
    return { kind: 'documents', store, collection, where: where ?? {} };
  }
  return refuse(inTable ? 'needs database and table' : 'needs store and collection');
}

function buildCheck(check: CheckSpec, at: Located, problems: Problem[]): CheckSection | undefined {
  const missing = (what: string): undefined => {
    problems.push(problem('check-incomplete', at.location, `check ${at.name} needs ${what}`));
    return undefined;
  };
  const withinMs = check.within === undefined ? undefined : durationMs(check.within);
  if (check.stages !== undefined) {
    const { key, within, reportedBy, keys, view, ...stages } = check.stages;
    return {
      ...at,
      ...stages,
      kind: 'stages',
      key: key ?? 'key',
      withinMs: durationMs(within),
      reportedBy: new Map(Object.entries(reportedBy)),
      keys,
      view,
    };
  }
  if (check.conservation !== undefined) {
    const { queue, published, effects } = check.conservation;
    return { ...at, kind: 'conservation', queue, published, effects, withinMs };
  }
  if (check.rows !== undefined) {
    if (check.database === undefined) return missing('database: where its query runs');
    return {
      ...at,
      kind: 'rows',
      database: check.database,
      query: check.rows,
      expect: check.expect ?? 'none',
      withinMs,
    };
  }
  if (check.source === undefined || check.replica === undefined)
    return missing('source and replica, or rows, or stages, or conservation');
  if (check.key === undefined) return missing('key: the columns that tell its rows apart');
  const key = columnMap(check.key);
  if (key.size === 0) return missing('at least one key column');
  const source = buildPlace('source', check.source, at, problems);
  const replica = buildPlace('replica', check.replica, at, problems);
  if (source === undefined || replica === undefined) return undefined;
  return {
    ...at,
    kind: 'compare',
    source,
    replica,
    key,
    columns: check.columns === undefined ? undefined : columnMap(check.columns),
    through: check.through,
    withinMs,
  };
}

function columnMap(columns: readonly string[] | Readonly<Record<string, string>>): ColumnMap {
  return new Map(Array.isArray(columns) ? columns.map((column: string) => [column, column]) : Object.entries(columns));
}

function smokeRequests(request: PipelineSpec['smoke'][string]['request']): readonly SmokeRequestSection[] {
  if (request === undefined) return [];
  if (!Array.isArray(request)) return [{ ...request, body: request.body, status: request.status, at: ['request'] }];
  return request.map((one, index) => ({
    ...one,
    body: one.body,
    status: one.status,
    at: ['request', String(index)],
  }));
}

function buildExpectation(
  one: PipelineSpec['smoke'][string]['expect'][number],
  location: SourceLocation,
  problems: Problem[],
): SmokeExpectation | undefined {
  if (one.topic !== undefined) return { kind: 'record', topic: one.topic, key: one.key, value: one.value };
  if (one.database !== undefined && one.table !== undefined && one.where !== undefined) {
    return { kind: 'row', database: one.database, table: one.table, where: one.where, row: one.row ?? {} };
  }
  if (one.store !== undefined && one.collection !== undefined && one.where !== undefined) {
    const { store, collection, where, document = {} } = one;
    return { kind: 'document', store, collection, where, document };
  }
  const message =
    'an expectation is a record (topic, key, value), a row (database, table, where, row) or a document (store, collection, where, document)';
  problems.push(problem('expectation-incomplete', location, message));
  return undefined;
}

/** Messages name files as the user would: relative to where evpipe was called, where that is shorter. */
export function displayPath(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path;
  return path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path;
}
