import * as z from 'zod';
import { durationMs } from '../../pipeline/build.js';
import { type BuildContext, section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { problem } from '../../pipeline/problem.js';
import { duration, mapping, named, settings, text, texts, whole } from '../../pipeline/spec-words.js';
import type { Placed, Readiness } from '../../targets/component.js';
import type { HttpServerAddress } from '../http-component.js';
import { type ProgramSection, programSpec } from '../program.js';
import { brokerName } from '../rabbitmq/ids.js';

export interface ServiceSection extends ProgramSection {
  /** Of the second and further copies (NAME-2 …): the service whose work they share. */
  readonly copyOf: string | undefined;
  readonly run:
    | { readonly kind: 'module'; readonly module: string }
    | { readonly kind: 'command'; readonly command: readonly string[] }
    /** It has only an image. */
    | { readonly kind: 'container' };
  /** What it runs as in Compose; `build` is as in the file, relative to its folder. */
  readonly container: { readonly image: string } | { readonly build: string } | undefined;
  readonly port: number | undefined;
  readonly ready: ReadySection | undefined;
  /** Services and jobs that it is started after. */
  readonly needs: readonly string[];
  /** Path to template, both as in the file. */
  readonly files: Readonly<Record<string, string>>;
  readonly open: { readonly path: string; readonly note: string | undefined } | undefined;
  readonly outbox: OutboxSection | undefined;
  readonly consumes: { readonly group: string; readonly topics: readonly string[] } | undefined;
  readonly produces: readonly string[];
  /** RabbitMQ queues. */
  readonly receives: readonly string[];
  /** RabbitMQ exchanges or queues. */
  readonly publishes: readonly string[];
  readonly writes: WritesSection | undefined;
}

export interface ReadySection {
  readonly how: Exclude<Readiness, { readonly kind: 'alive' | 'spawned' }>;
  /** The name that it is asked by, and that links to it show; undefined: its address. */
  readonly host: string | undefined;
  readonly timeoutMs: number | undefined;
}

export type WritesSection =
  | {
      readonly kind: 'tables';
      readonly database: string;
      readonly tables: readonly string[];
      /** A query for topic, partition and next offset of what is applied. */
      readonly applied: string | undefined;
    }
  | { readonly kind: 'documents'; readonly store: string; readonly collections: readonly string[] };

export interface OutboxSection {
  readonly database: string;
  readonly table: string;
  readonly reports: readonly string[];
  /** Of a polling outbox: the columns that say that a row was sent, why it was not, and when it was written, and the topics. */
  readonly sent: string | undefined;
  readonly failure: string | undefined;
  readonly created: string | undefined;
  readonly topics: readonly string[];
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly services: readonly ServiceSection[];
  }

  interface TargetSection {
    readonly services?: Readonly<Record<string, Placed<HttpServerAddress>>> | undefined;
  }
}

const outbox = mapping({
  database: text.describe('Where the outbox is'),
  table: text.describe('The outbox table'),
  reports: texts.describe('Tables whose changes this outbox reports'),
  sent: text.optional().describe('Polling outbox: the column that marks a row as sent'),
  topics: texts.optional().describe('Polling outbox: the topics it publishes to'),
  failure: text
    .optional()
    .describe('Polling outbox: the column with the error of the last failed attempt to send a row'),
  created: text
    .optional()
    .describe('Polling outbox: the column with the time a row was written, for the age of unsent rows'),
});

const ready = mapping({
  http: text.optional().describe('Path that answers with 200 to 399 once it is ready'),
  host: text
    .optional()
    .describe('With http: the host name of the request, also shown in links; default 127.0.0.1')
    .meta({ examples: ['localhost'] }),
  headers: settings.optional().describe('With http: request headers'),
  expect: mapping({
    status: whole(100, 599, 'a status is 100 to 599').optional().describe('The only status that means ready'),
    body: text.optional().describe('Text that the response must contain'),
  })
    .optional()
    .describe('With http: what the response must be'),
  tcp: z.literal(true, { error: 'must be true' }).optional().describe('Ready once its port accepts connections'),
  log: text.optional().describe('Ready once it has logged a line that matches this regular expression'),
  command: texts.optional().describe('Ready once this command exits with 0; in its folder and environment'),
  timeout: duration.optional().describe('How long it may take; default: --timeout'),
});

const service = mapping({
  module: text
    .optional()
    .describe('TypeScript or JavaScript module, bundled and run by node')
    .meta({ examples: ['services/person.ts'] }),
  command: texts
    .optional()
    .describe('Any command, run in the folder of the file')
    .meta({ examples: [['python3', '-m', 'service']] }),
  image: text
    .optional()
    .describe('In Docker Compose: the image that it runs as; elsewhere module or command')
    .meta({ examples: ['registry.example.org/orders:1.4'] }),
  build: text
    .optional()
    .describe('In Docker Compose: the folder whose Dockerfile makes its image; elsewhere module or command'),
  copies: whole(1, 32, 'a service has 1 to 32 copies')
    .optional()
    .describe('How many instances run in one consumer group; such a service has no port'),
  port: whole(1, 65_535, 'a port is 1 to 65535')
    .optional()
    .describe('Preferred port; the service gets PORT and HOST in its environment'),
  ready: ready
    .optional()
    .describe('When it counts as ready; default: its consumer group has a member, or it has run for a second'),
  needs: texts.optional().describe('Services that must be ready and jobs that must be done before it starts'),
  files: z
    .record(text, text)
    .optional()
    .describe('Configuration files written before it starts: path to template, relative to the file; $(…) is replaced')
    .meta({ examples: [{ 'config/app.ini': 'config/app.ini.in' }] }),
  open: mapping({ path: text.describe('Path of the page'), note: text.optional().describe('Shown beside it') })
    .optional()
    .describe('A page for people, linked after up'),
  ...programSpec,
  outbox: outbox.optional().describe('The outbox that it writes, in the same transaction as the change it reports'),
  consumes: mapping({ group: text.describe('Its consumer group'), topics: texts.describe('What it reads') })
    .optional()
    .describe('What it reads from Kafka: what a check waits for'),
  produces: texts.optional().describe('Topics it writes by itself'),
  receives: texts.optional().describe('RabbitMQ queues it reads'),
  publishes: texts.optional().describe('RabbitMQ exchanges or queues it writes'),
  writes: z
    .union(
      [
        mapping({
          database: text.describe('Where'),
          tables: texts.describe('Which'),
          applied: text
            .optional()
            .describe(
              'A query for topic, partition and next offset as the database has them: how far a check knows what was consumed to be applied, instead of what the group has committed',
            )
            .meta({ examples: ['select topic, partition, next_offset from applied'] }),
        }),
        mapping({ store: text.describe('Where'), collections: texts.describe('Which') }),
      ],
      { error: 'must have database and tables, or store and collections' },
    )
    .optional()
    .describe('Tables, or collections of a store, that it fills from what it consumes'),
});

type ServiceSpec = z.output<typeof service>;

export const services = section(
  'services',
  named(service).default({}).describe('Processes that belong to the pipeline'),
  (declared, context) => ({
    services: context
      .each('services', declared, (one, at) => withCopies(buildService(one, at, context), one.copies ?? 1, context))
      .flat(),
  }),
  { resolves: true },
);

function buildService(service: ServiceSpec, at: Located, context: BuildContext): ServiceSection {
  const { problems, shared } = context;
  const { module, command, image, build } = service;
  const container = image !== undefined ? { image } : build !== undefined ? { build } : undefined;
  if (module !== undefined ? command !== undefined : command === undefined && container === undefined) {
    const message = `service ${at.name} needs either module or command; image or build for containers`;
    problems.push(problem('service-run', at.location, message));
  }
  if (image !== undefined && build !== undefined) {
    problems.push(problem('service-run', at.locationOf('build'), `service ${at.name} needs either image or build`));
  }
  if (command !== undefined && command.length === 0) {
    problems.push(problem('service-run', at.locationOf('command'), `the command of service ${at.name} is empty`));
  }
  const { outbox } = service;
  return {
    ...at,
    copyOf: undefined,
    run: runOf(service),
    container,
    port: service.port,
    ready: buildReady(service.ready, at, context),
    cwd: service.cwd,
    env: service.env ?? {},
    envFile: service.envFile,
    needs: service.needs ?? [],
    files: service.files ?? {},
    open: service.open === undefined ? undefined : { path: service.open.path, note: service.open.note },
    outbox:
      outbox === undefined
        ? undefined
        : {
            ...outbox,
            sent: outbox.sent,
            failure: outbox.failure,
            created: outbox.created,
            topics: (outbox.topics ?? []).map(shared),
          },
    consumes:
      service.consumes === undefined
        ? undefined
        : { group: shared(service.consumes.group), topics: service.consumes.topics.map(shared) },
    produces: (service.produces ?? []).map(shared),
    receives: (service.receives ?? []).map(shared),
    publishes: (service.publishes ?? []).map((name) => brokerName(shared, name)),
    writes: buildWrites(service.writes),
  };
}

function buildReady(ready: ServiceSpec['ready'], at: Located, { problems }: BuildContext): ReadySection | undefined {
  if (ready === undefined) return undefined;
  const { http, host, headers, expect, tcp, log, command, timeout } = ready;
  const hostHeader: Record<string, string> = host === undefined ? {} : { Host: host };
  const ways: ReadonlyArray<ReadySection['how'] | undefined> = [
    http === undefined
      ? undefined
      : {
          kind: 'http',
          path: http,
          headers: { ...hostHeader, ...headers },
          status: expect?.status,
          body: expect?.body,
        },
    tcp === undefined ? undefined : { kind: 'tcp' },
    log === undefined ? undefined : { kind: 'log', pattern: log },
    command === undefined ? undefined : { kind: 'command', command },
  ];
  const [how, second] = ways.filter((way) => way !== undefined);
  const refuse = (message: string, ...path: string[]): void => {
    problems.push(problem('service-ready', at.locationOf('ready', ...path), message));
  };
  if (how === undefined || second !== undefined)
    refuse(`ready of service ${at.name} needs one of http, tcp, log and command`);
  if (how?.kind !== 'http' && [host, headers, expect].some((part) => part !== undefined))
    refuse('host, headers and expect go with http');
  if (command?.length === 0) refuse('the command is empty', 'command');
  if (log !== undefined && !isPattern(log)) refuse(`${log} is not a valid regular expression`, 'log');
  if (how === undefined) return undefined;
  return { how, host, timeoutMs: timeout === undefined ? undefined : durationMs(timeout) };
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'm') instanceof RegExp;
  } catch {
    return false;
  }
}

function runOf({ module, command, image, build }: ServiceSpec): ServiceSection['run'] {
  if (module !== undefined) return { kind: 'module', module };
  if (command === undefined && (image ?? build) !== undefined) return { kind: 'container' };
  return { kind: 'command', command: command ?? [] };
}

/** A service and, beside it, its further copies: processes of their own, each with a name. */
function withCopies(
  service: ServiceSection,
  copies: number,
  { names: namesIn, problems }: BuildContext,
): readonly ServiceSection[] {
  const names = Array.from({ length: copies - 1 }, (_, index) => `${service.name}-${index + 2}`);
  const refuse = (message: string): void => {
    problems.push(problem('copies', service.locationOf('copies'), `service ${service.name}: ${message}`));
  };
  if (names.length > 0 && service.port !== undefined) refuse('copies cannot share its port; remove port');
  const taken = names.find((name) => namesIn('services').includes(name));
  if (taken !== undefined) refuse(`one of its copies would be called ${taken}, as another service is`);
  return [service, ...names.map((name) => ({ ...service, name, copyOf: service.name }))];
}

function buildWrites(writes: ServiceSpec['writes']): WritesSection | undefined {
  if (writes === undefined) return undefined;
  return 'database' in writes
    ? { kind: 'tables', ...writes, applied: writes.applied }
    : { kind: 'documents', ...writes };
}
