import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type {
  ConnectorSection,
  DatabaseSection,
  GatewaySection,
  Located,
  Pipeline,
  SeedSection,
  ServiceSection,
  ServiceSeedSection,
  StoreSection,
  SubjectSection,
  TopicSection,
} from '../pipeline/pipeline.js';
import { parseReference, referencesIn, resolveReferences } from '../pipeline/references.js';
import { csvColumns, readSeedLines } from '../pipeline/seed-files.js';
import { connectorKind, connectorStaysUp } from '../resources/connector.js';
import { databaseKind, type Migration } from '../resources/database.js';
import { applyCsvSeed, applySqlSeed } from '../resources/database-seed.js';
import { reconcile } from '../resources/kind.js';
import { applyMigration } from '../resources/ksql-migration.js';
import { type Ledger, openLedger } from '../resources/ledger.js';
import { applySeed, seedIsDone } from '../resources/seed.js';
import { subjectKind } from '../resources/subject.js';
import { topicKind } from '../resources/topic.js';
import { applyTopicSeed } from '../resources/topic-seed.js';
import { EvpipeError } from '../support/errors.js';
import { waitUntil } from '../support/retry.js';
import {
  type ComponentId,
  database,
  GATEWAY,
  type Launch,
  type LaunchByKind,
  type ServerKind,
  server,
  service,
} from '../targets/target.js';
import { requireCapturedTables } from './captured-tables.js';
import { rabbitmqIds, rabbitmqNodes } from './rabbitmq-nodes.js';
import { resolveAll, type Session, serversOf, serviceReferences } from './session.js';
import { prepareStore, storesDetail } from './stores.js';
import type { Node, NodeReport } from './walk.js';

/** Which part of the whole a command covers; what it needs is always taken along. */
export type Slice = 'services' | 'streams' | 'seed';

/** The work of `up` before the checks, as a graph; the ids are `kind/name`. */
export function upNodes(session: Session, slices: ReadonlySet<Slice>): readonly Node[] {
  const nodes = new UpNodes(session);
  const all = nodes.all();
  const wanted = all.filter((node) => nodes.sliceOf(node, slices));
  const byId = new Map(all.map((node) => [node.id, node]));
  const kept = new Set<string>();
  const keep = (id: string): void => {
    if (kept.has(id)) return;
    kept.add(id);
    for (const need of byId.get(id)?.needs ?? []) keep(need);
  };
  for (const node of wanted) keep(node.id);
  return all.filter((node) => kept.has(node.id));
}

class UpNodes {
  private readonly pipeline: Pipeline;
  private ledger: Promise<Ledger> | undefined;
  private readonly said = new Set<string>();

  constructor(private readonly session: Session) {
    this.pipeline = session.pipeline;
  }

  all(): readonly Node[] {
    const { pipeline } = this;
    const nodes: Node[] = [
      ...pipeline.databases.map((one) => this.databaseNode(one)),
      ...pipeline.stores.map((one) => this.storeNode(one)),
      ...serversOf(pipeline).map((kind) => this.serverNode(kind)),
      ...pipeline.topics.map((one) => this.topicNode(one)),
      ...pipeline.subjects.map((one) => this.subjectNode(one)),
      ...rabbitmqNodes(this.session),
      ...pipeline.services.map((one) => this.serviceNode(one)),
      ...(pipeline.gateway === undefined ? [] : [this.gatewayNode(pipeline.gateway)]),
      ...pipeline.connectors.map((one) => this.connectorNode(one)),
      ...(pipeline.ksqldb === undefined ? [] : [this.ksqlNode()]),
      ...pipeline.seeds.map((one) => this.seedNode(one)),
    ];
    return [...nodes, ...this.summaries(nodes)];
  }

  sliceOf(node: Node, slices: ReadonlySet<Slice>): boolean {
    if (node.step === 'streams') return slices.has('streams');
    if (node.step === 'seed') return slices.has('seed');
    return slices.has('services');
  }

  private async start(component: ComponentId, launch?: Launch): Promise<boolean> {
    const started = await this.session.target.start(component, launch as LaunchByKind['service']);
    for (const message of started.notes) {
      // Databases share a server, and with it what there is to say of its start.
      if (this.said.has(message)) continue;
      this.said.add(message);
      this.session.emit({ kind: 'note', level: 'info', message });
    }
    return started.changed;
  }

  private wait(report: NodeReport): NodeReport & { readonly timeoutMs: number } {
    return { ...report, timeoutMs: this.session.timeoutMs };
  }

  private openLedger(): Promise<Ledger> {
    this.ledger ??= this.session.clients.kafka().then((kafka) => openLedger(kafka, this.pipeline.name));
    return this.ledger;
  }

  private serverNode(kind: ServerKind): Node {
    const { connectEnv } = this.pipeline;
    const environment = kind === 'connect' ? Object.values(connectEnv).flatMap(referencesIn) : [];
    // ksqlDB is told of the other two when it starts; the target would start them without what they are launched with.
    const before =
      kind === 'ksqldb' ? serversOf(this.pipeline).filter((one) => one === 'connect' || one === 'schemaRegistry') : [];
    return {
      id: `server/${kind}`,
      step: STEP_OF_SERVER[kind],
      needs: [
        ...new Set([...environment.flatMap((path) => this.needsOf(path)), ...before.map((one) => `server/${one}`)]),
      ],
      run: async (report) => {
        report.waitingFor(`${kind} to answer`);
        const env = resolveAll(connectEnv, await this.session.references('inside'));
        return { changed: await this.start(server(kind), kind === 'connect' ? { env } : undefined) };
      },
    };
  }

  private databaseNode(section: DatabaseSection): Node {
    return {
      id: `database/${section.name}`,
      step: 'postgres',
      needs: [],
      run: async (report) => {
        report.waitingFor(`PostgreSQL to answer, for database ${section.name}`);
        await this.start(database(section.name));
        report.waitingFor(`database ${section.name} and its migrations`);
        const { host } = await this.session.clients.endpoint(database(section.name));
        const values = await this.session.references('host');
        const maintenance = new URL(host.url);
        maintenance.pathname = '/postgres';
        const changes = await reconcile(
          databaseKind,
          {
            name: section.name,
            url: host.url,
            maintenanceUrl: host.ours ? maintenance.href : undefined,
            migrations: section.migrations.map((file) => this.migration(file, values)),
            location: section.location,
          },
          { signal: report.signal },
          this.wait(report),
        );
        return { changed: changes.length > 0 };
      },
    };
  }

  private storeNode(section: StoreSection): Node {
    return {
      id: `store/${section.name}`,
      step: 'stores',
      needs: [],
      run: async (report) => {
        report.waitingFor(`store ${section.name} to answer`);
        const prepared = await prepareStore(
          section,
          this.session,
          (component) => this.start(component),
          this.wait(report),
        );
        return { changed: prepared };
      },
    };
  }

  /** A SQL file as it runs here: the checksum is of the file, the statements have the target's addresses. */
  private migration(file: string, values: ReadonlyMap<string, string>): Migration {
    const source = readFileSync(file, 'utf8');
    const shown = file.startsWith(`${this.pipeline.folder}/`) ? file.slice(this.pipeline.folder.length + 1) : file;
    return { name: basename(file, '.sql'), file: shown, source, sql: resolveReferences(source, values) };
  }

  private topicNode(section: TopicSection): Node {
    return {
      id: `topic/${section.name}`,
      step: 'kafka',
      needs: ['server/kafka'],
      run: async (report) => {
        const kafka = await this.session.clients.kafka();
        const changes = await reconcile(topicKind, section, { kafka }, this.wait(report));
        return { changed: changes.length > 0 };
      },
    };
  }

  private subjectNode(section: SubjectSection): Node {
    return {
      id: `subject/${section.name}`,
      step: 'registry',
      needs: ['server/schemaRegistry'],
      run: async (report) => {
        const registry = await this.session.clients.registry();
        const spec = {
          name: section.name,
          schema: readFileSync(section.file, 'utf8'),
          schemaType: section.type,
          references: section.references,
          compatibility: this.pipeline.compatibility,
          location: section.location,
        };
        const changes = await reconcile(subjectKind, spec, { registry }, this.wait(report));
        return { changed: changes.length > 0 };
      },
    };
  }

  private serviceNode(section: ServiceSection): Node {
    const topics = (section.consumes?.topics ?? []).filter((name) =>
      this.pipeline.topics.some((topic) => topic.name === name),
    );
    return {
      id: `service/${section.name}`,
      step: 'services',
      needs: [
        ...new Set([
          ...serviceReferences(section).flatMap((path) => this.needsOf(path)),
          ...topics.map((name) => `topic/${name}`),
          ...(section.receives.length + section.publishes.length > 0 ? rabbitmqIds(this.pipeline) : []),
        ]),
      ],
      run: async (report) => {
        report.waitingFor(`${section.name} to become ready`);
        const values = await this.session.references('host');
        const env = resolveAll(section.env, values);
        const run =
          section.run.kind === 'module'
            ? section.run
            : { kind: 'command' as const, command: section.run.command.map((word) => resolveReferences(word, values)) };
        const changed = await this.start(service(section.name), {
          run,
          env,
          ready: readinessOf(section),
          ...(section.port === undefined ? {} : { port: section.port }),
        });
        if (section.ready === undefined && section.consumes !== undefined)
          await this.waitForGroup(section.name, section.consumes.group, report);
        for (const queue of section.receives) await this.waitForConsumer(section.name, queue, report);
        return { changed };
      },
    };
  }

  /** What has to be there before a service that refers to it starts. */
  private needsOf(path: string): readonly string[] {
    const reference = parseReference(path);
    switch (reference?.kind) {
      case 'database':
        return [`database/${reference.name}`];
      case 'service':
        return [`service/${reference.name}`];
      case 'store':
        return [`store/${reference.name}`];
      case 'gateway':
        return ['gateway/gateway'];
      case 'server': {
        if (reference.name === 'kafka')
          return ['server/kafka', ...this.pipeline.topics.map(({ name }) => `topic/${name}`)];
        if (reference.name === 'schemaRegistry') {
          return ['server/schemaRegistry', ...this.pipeline.subjects.map(({ name }) => `subject/${name}`)];
        }
        if (reference.name === 'rabbitmq') return ['server/rabbitmq', ...rabbitmqIds(this.pipeline)];
        return [`server/${reference.name}`];
      }
      default:
        return [];
    }
  }

  private gatewayNode({ port, routes }: GatewaySection): Node {
    return {
      id: 'gateway/gateway',
      step: 'gateway',
      needs: [...new Set(routes.map((route) => `service/${route.service}`))],
      run: async (report) => {
        report.waitingFor('the gateway to answer');
        const launched = await Promise.all(
          routes.map(async ({ prefix, service: name }) => {
            const { host } = await this.session.clients.endpoint(service(name));
            const ready = this.pipeline.services.find((one) => one.name === name)?.ready?.http;
            return { prefix, service: name, url: host.url ?? '', ...(ready === undefined ? {} : { ready }) };
          }),
        );
        return { changed: await this.start(GATEWAY, { port, routes: launched }) };
      },
    };
  }

  /** A consumer is ready when its group is stable with a member in it. */
  private async waitForGroup(name: string, group: string, report: NodeReport): Promise<void> {
    const kafka = await this.session.clients.kafka();
    await this.waitForReader(
      name,
      { to: `join its consumer group ${group}`, done: `did not join its consumer group ${group}` },
      report,
      async () => {
        const { state, members } = await kafka.describeGroup(group);
        if (state === 'Stable' && members.length > 0) return undefined;
        return `consumer group ${group} is ${state === 'Stable' ? 'empty' : state}`;
      },
    );
  }

  /** A receiver is ready when its queue has a consumer. */
  private async waitForConsumer(name: string, queue: string, report: NodeReport): Promise<void> {
    const amqp = await this.session.clients.rabbitmq();
    await this.waitForReader(
      name,
      { to: `receive from queue ${queue}`, done: `does not receive from queue ${queue}` },
      report,
      async () => (((await amqp.queue(queue))?.consumers ?? 0) > 0 ? undefined : `queue ${queue} has no consumer`),
    );
  }

  /** Asks until nothing is missing. A service that ends again and again is not waited for. */
  private async waitForReader(
    name: string,
    words: { readonly to: string; readonly done: string },
    report: NodeReport,
    whatIsMissing: () => Promise<string | undefined>,
  ): Promise<void> {
    const status = async () => (await this.session.target.status()).find((one) => one.process === name);
    const goal = `service ${name} ${words.done}`;
    const todo = `See all it said: evpipe logs ${name}`;
    const restartsBefore = (await status())?.restarts ?? 0;
    const ended = await waitUntil(
      `service ${name} to ${words.to}`,
      async () => {
        const missing = await whatIsMissing();
        if (missing === undefined) return 'reads';
        report.waitingFor(`${name}: ${missing}`);
        const now = await status();
        return now !== undefined && now.restarts - restartsBefore >= GIVEN_UP_AFTER_RESTARTS ? now : undefined;
      },
      { timeoutMs: this.session.timeoutMs, signal: report.signal, maxPauseMs: 200 },
    ).catch(async (failure: unknown) => {
      report.signal.throwIfAborted();
      throw new EvpipeError('EVPIPE_SERVICE_NOT_READY', `${goal}${await this.lastWords(name)}`, {
        kind: 'deadline',
        cause: failure,
        todo,
      });
    });
    if (ended === 'reads') return;
    const { lastExit, restarts } = ended;
    const how = lastExit === undefined ? '' : `, the last time with ${lastExit.signal ?? `code ${lastExit.code}`}`;
    const said = await this.lastWords(name);
    throw new EvpipeError('EVPIPE_SERVICE_ENDS', `${goal}: it ended ${restarts - restartsBefore} times${how}${said}`, {
      todo,
    });
  }

  /** What a service that does not start wrote last, in its present life or the ones before; not what its supervisor noted. */
  private async lastWords(name: string): Promise<string> {
    const lines: string[] = [];
    for await (const { text } of this.session.target.logs({ of: [name], tail: LAST_WORDS * 4 })) {
      if (!SUPERVISOR_NOTE.test(text)) lines.push(text);
    }
    return lines.length === 0 ? '; it wrote nothing' : `; its last words:\n${lines.slice(-LAST_WORDS).join('\n')}`;
  }

  /** Its database with the migrations, and everything it may write to: a topic it made itself would have the wrong partitions. */
  private connectorNeeds(section: ConnectorSection): readonly string[] {
    const { topics, subjects } = this.pipeline;
    const referred = Object.values(section.config ?? {})
      .flatMap(referencesIn)
      .flatMap((path) => this.needsOf(path));
    const own = section.database === undefined ? [] : [`database/${section.database}`];
    return [
      ...new Set([
        ...own,
        ...referred,
        'server/connect',
        ...topics.map(({ name }) => `topic/${name}`),
        ...subjects.map(({ name }) => `subject/${name}`),
      ]),
    ];
  }

  private connectorNode(section: ConnectorSection): Node {
    const needs = this.connectorNeeds(section);
    return {
      id: `connector/${section.name}`,
      step: 'streams',
      needs: section.config === undefined && this.pipeline.ksqldb !== undefined ? [...needs, 'ksql/migrations'] : needs,
      run: async (report) => {
        await requireCapturedTables(section, (name) => this.session.clients.database(name));
        const connect = await this.session.clients.connect();
        const values = await this.session.references('inside');
        const spec = {
          name: section.name,
          config: section.config === undefined ? undefined : resolveAll(section.config, values),
          location: section.location,
          locationOf: (option: string) => section.locationOf('config', option),
        };
        const changes = await reconcile(connectorKind, spec, { connect }, this.wait(report));
        if (changes.length > 0 || section.config === undefined)
          await connectorStaysUp(spec, { connect }, this.wait(report));
        return { changed: changes.length > 0 };
      },
    };
  }

  private ksqlNode(): Node {
    const { topics, subjects, connectors } = this.pipeline;
    const madeThere = connectors.filter(({ config }) => config === undefined);
    return {
      id: 'ksql/migrations',
      step: 'streams',
      needs: [
        'server/ksqldb',
        ...topics.map(({ name }) => `topic/${name}`),
        ...subjects.map(({ name }) => `subject/${name}`),
        ...madeThere.flatMap(({ database: name }) => (name === undefined ? [] : [`database/${name}`])),
      ],
      run: async (report) => {
        const [ksqldb, ledger, values] = await Promise.all([
          this.session.clients.ksqldb(),
          this.openLedger(),
          this.session.references('inside'),
        ]);
        let sent = 0;
        for (const file of this.pipeline.ksqldb?.migrations ?? []) {
          const migration = this.migration(file, values);
          report.waitingFor(`ksql migration ${migration.name}`);
          const waitForSubject = (subject: string) => this.waitForSubject(subject, report);
          sent += await applyMigration(migration, { ksqldb, ledger, waitForSubject }, this.wait(report));
        }
        return { changed: sent > 0 };
      },
    };
  }

  private async waitForSubject(subject: string, report: NodeReport): Promise<void> {
    const registry = await this.session.clients.registry();
    await waitUntil(
      `subject ${subject} to be registered: a ksql statement infers its columns from it`,
      async () => {
        if ((await registry.versions(subject)).length > 0) return true;
        report.waitingFor(
          `subject ${subject}, from which a ksql statement infers its columns; declare it, or write a first record`,
        );
        return undefined;
      },
      { timeoutMs: this.session.timeoutMs, signal: report.signal },
    );
  }

  private seedNode(section: SeedSection): Node {
    return {
      id: `seed/${section.name}`,
      step: 'seed',
      needs: [...seedNeeds(section), ...this.filesFirst(section)],
      run: async (report) => ({ changed: await this.seed(section, report) }),
    };
  }

  /** What a service is asked to create may refer to what files bring into its databases. */
  private filesFirst(section: SeedSection): readonly string[] {
    if (section.kind !== 'service') return [];
    const own = this.pipeline.services.find(({ name }) => name === section.service);
    const references = own === undefined ? [] : serviceReferences(own).flatMap((path) => this.needsOf(path));
    return this.pipeline.seeds
      .filter((one) => (one.kind === 'sql' || one.kind === 'csv') && references.includes(`database/${one.database}`))
      .map(({ name }) => `seed/${name}`);
  }

  /** True where something was added. */
  private async seed(section: SeedSection, report: NodeReport): Promise<boolean> {
    const { signal } = report;
    switch (section.kind) {
      case 'service':
        return this.serviceSeed(section, report);
      case 'jsonl': {
        const [ledger, kafka] = await Promise.all([this.openLedger(), this.session.clients.kafka()]);
        const source = readFileSync(section.file, 'utf8');
        const { lines } = readSeedLines(source);
        const progress = (done: number) => report.progress(section.name, done, lines.length);
        const written = await applyTopicSeed({ ...section, source, lines }, { kafka, ledger }, { progress, signal });
        return written > 0;
      }
      default: {
        const { host } = await this.session.clients.endpoint(database(section.database));
        const script = this.migration(section.file, await this.session.references('host'));
        const { name, location } = section;
        const seed = { name, url: host.url, location, source: script.source, signal };
        if (section.kind === 'sql') return applySqlSeed(seed, script);
        return applyCsvSeed({ ...seed, file: section.file, table: section.table, columns: csvColumns(script.source) });
      }
    }
  }

  private async serviceSeed(section: Located & ServiceSeedSection, report: NodeReport): Promise<boolean> {
    const ledger = await this.openLedger();
    if (seedIsDone(section, ledger)) return false;
    const all = new Map(
      this.pipeline.seeds.flatMap((seed) => (seed.kind === 'service' ? [[seed.name, seed] as const] : [])),
    );
    const created = await applySeed(
      section,
      all,
      { service: await this.session.clients.service(section.service), ledger },
      { progress: (done) => report.progress(section.name, done, section.rows), signal: report.signal },
    );
    return created > 0;
  }

  /** One node a step that runs last and says what the step's line shows. */
  private summaries(nodes: readonly Node[]): readonly Node[] {
    return Object.entries(this.details()).flatMap(([step, detail]) => {
      const members = nodes.filter((node) => node.step === step);
      if (members.length === 0) return [];
      const summary: Node = {
        id: `summary/${step}`,
        step: members[0]?.step ?? 'checks',
        needs: members.map(({ id }) => id),
        run: async () => ({ changed: false, detail: await detail() }),
      };
      return [summary];
    });
  }

  private details(): Readonly<Record<string, () => Promise<string>>> {
    const { pipeline, session } = this;
    const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
    const listed = (...parts: (string | undefined)[]): string =>
      parts.filter((part) => part !== undefined && part !== '').join(', ');
    const portOf = (url: string): string => `:${new URL(url).port}`;
    return {
      postgres: async () => {
        const [first] = pipeline.databases;
        if (first === undefined) return '';
        const client = await session.clients.database(first.name);
        const [row] = await client.queryText('SHOW server_version');
        const { host } = await session.clients.endpoint(database(first.name));
        await client.close();
        return listed(row?.[0]?.split(' ')[0], `:${host.port}`, counted(pipeline.databases.length, 'database'));
      },
      kafka: async () => {
        const { host } = await session.clients.endpoint(server('kafka'));
        return listed(`:${host.bootstrapServers.split(':').at(-1)}`, counted(pipeline.topics.length, 'topic'));
      },
      registry: async () => {
        const { host } = await session.clients.endpoint(server('schemaRegistry'));
        return listed(portOf(host.url), counted(pipeline.subjects.length, 'schema'), pipeline.compatibility);
      },
      rabbitmq: async () => {
        const { host } = await session.clients.endpoint(server('rabbitmq'));
        const { exchanges = [], queues = [] } = pipeline.rabbitmq ?? {};
        return listed(
          portOf(host.url),
          exchanges.length === 0 ? undefined : counted(exchanges.length, 'exchange'),
          counted(queues.length, 'queue'),
        );
      },
      services: async () => {
        const endpoints = await Promise.all(
          pipeline.services.map(async ({ name }) => ({
            name,
            port: (await session.clients.endpoint(service(name))).host.port,
          })),
        );
        const open = endpoints.filter(({ port }) => port !== undefined).map(({ name, port }) => `${name} :${port}`);
        const rest = endpoints.length - open.length;
        const consumers = pipeline.services.filter(
          ({ port, consumes, receives }) => port === undefined && (consumes !== undefined || receives.length > 0),
        ).length;
        return listed(
          ...open,
          rest === 0 ? undefined : counted(rest, consumers === rest ? 'consumer' : 'other service'),
        );
      },
      streams: async () => {
        const { connectors, ksqldb } = pipeline;
        return listed(
          connectors.length === 0 ? undefined : `${counted(connectors.length, 'connector')}, all tasks running`,
          ksqldb === undefined ? undefined : counted(ksqldb.migrations.length, 'migration'),
        );
      },
      gateway: async () => {
        const { host } = await session.clients.endpoint(GATEWAY);
        return listed(portOf(host.url), counted(pipeline.gateway?.routes.length ?? 0, 'route'));
      },
      stores: () => storesDetail(session),
      seed: async () =>
        listed(...pipeline.seeds.map((one) => (one.kind === 'service' ? `${one.rows} ${one.name}` : one.name))),
    };
  }
}

const STEP_OF_SERVER: Readonly<Record<ServerKind, Node['step']>> = {
  kafka: 'kafka',
  schemaRegistry: 'registry',
  connect: 'streams',
  ksqldb: 'streams',
  rabbitmq: 'rabbitmq',
};

/** A consumer that may start before what it needs (its own choice) has recovered by then; it is the fourth life, some 2 s after the first. */
const GIVEN_UP_AFTER_RESTARTS = 3;
const LAST_WORDS = 5;
const SUPERVISOR_NOTE = /^\S+ INFO {2}supervisor: /;

/** What a seed goes through, or into. */
function seedNeeds(section: SeedSection): readonly string[] {
  switch (section.kind) {
    case 'service':
      return [`service/${section.service}`, 'server/kafka'];
    case 'jsonl':
      return [`topic/${section.topic}`, 'server/kafka'];
    default:
      return [`database/${section.database}`];
  }
}

/** How long a service without `ready` and without a group has to live to count as started. */
const ALIVE_MS = 1_000;

function readinessOf(section: ServiceSection): LaunchByKind['service']['ready'] {
  if (section.ready !== undefined) return { kind: 'http', path: section.ready.http };
  const reads = section.consumes !== undefined || section.receives.length > 0;
  return reads ? { kind: 'spawned' } : { kind: 'alive', forMs: ALIVE_MS };
}
