import { z } from 'zod';
import { type BuildContext, section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { problem } from '../../pipeline/problem.js';
import { mapping, named, settings, text, texts, whole } from '../../pipeline/spec-words.js';
import type { Placed, UrlAddress } from '../../targets/target.js';

export interface ServiceSection extends Located {
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
  readonly ready: { readonly http: string } | undefined;
  readonly env: Readonly<Record<string, string>>;
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

export type WritesSection =
  | { readonly kind: 'tables'; readonly database: string; readonly tables: readonly string[] }
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
    readonly services?: Readonly<Record<string, Placed<UrlAddress>>> | undefined;
  }
}

const outbox = mapping({
  database: text.describe('Where the outbox is'),
  table: text.describe('The outbox table'),
  reports: texts.describe('Tables whose changes this outbox reports'),
  sent: text.optional().describe('A polling outbox: the column that says that a row was sent'),
  topics: texts.optional().describe('A polling outbox: the topics it publishes to'),
  failure: text
    .optional()
    .describe('A polling outbox: the column that says why a row could not be sent when it was last tried'),
  created: text
    .optional()
    .describe('A polling outbox: the column that says when a row was written, to tell how old the unsent are'),
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
    .describe('How many of it run at the same time, in one consumer group; it has no port then'),
  port: whole(1, 65_535, 'a port is 1 to 65535').optional().describe('Wished for; the service is told PORT and HOST'),
  ready: mapping({ http: text.describe('Path that answers 2xx once it is ready') })
    .optional()
    .describe('How to tell that it is ready; absent: its consumer group has a member, or it lives for a second'),
  open: mapping({ path: text.describe('Path of the page'), note: text.optional().describe('Shown beside it') })
    .optional()
    .describe('A page for people, shown after up'),
  env: settings
    .optional()
    .describe('Its environment; $(…) refers to what the target yields')
    .meta({ examples: [{ DATABASE_URL: '$(databases.person.url)' }] }),
  outbox: outbox.optional().describe('The outbox that it writes, in the transaction of what it reports'),
  consumes: mapping({ group: text.describe('Its consumer group'), topics: texts.describe('What it reads') })
    .optional()
    .describe('What it reads from Kafka: what a check waits for'),
  produces: texts.optional().describe('Topics it writes by itself'),
  receives: texts.optional().describe('RabbitMQ queues it reads'),
  publishes: texts.optional().describe('RabbitMQ exchanges or queues it writes'),
  writes: z
    .union(
      [
        mapping({ database: text.describe('Where'), tables: texts.describe('Which') }),
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

function buildService(service: ServiceSpec, at: Located, { problems }: BuildContext): ServiceSection {
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
  if (names.length > 0 && service.port !== undefined) refuse('copies would all wish for its port; take port away');
  const taken = names.find((name) => namesIn('services').includes(name));
  if (taken !== undefined) refuse(`one of its copies would be called ${taken}, as another service is`);
  return [service, ...names.map((name) => ({ ...service, name, copyOf: service.name }))];
}

function buildWrites(writes: ServiceSpec['writes']): WritesSection | undefined {
  if (writes === undefined) return undefined;
  return 'database' in writes ? { kind: 'tables', ...writes } : { kind: 'documents', ...writes };
}
