import { didYouMean } from '../../pipeline/did-you-mean.js';
import type { LintContext } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import type { ConservationSection } from '../check/section.js';
import type { ExchangeSection, QueueSection, RabbitmqSection } from './section.js';

/** What the broker would refuse or misunderstand, and what a conservation check cannot prove. */
export function checkRabbitmq({ pipeline }: LintContext): readonly Problem[] {
  const { rabbitmq, checks } = pipeline;
  return [
    ...(rabbitmq?.queues ?? []).flatMap(queueProblems),
    ...bindings(rabbitmq?.bindings ?? []),
    ...(rabbitmq === undefined ? [] : acrossServers(rabbitmq)),
    ...sharedQueues(pipeline.services),
    ...checks.flatMap((check) => (check.kind === 'conservation' ? conservation(check, rabbitmq) : [])),
  ];
}

type Wanted = 'number' | 'text' | 'flag';

/** What RabbitMQ itself looks at (https://www.rabbitmq.com/docs/queues#optional-arguments); anything else it keeps and ignores. */
const QUEUE_ARGUMENTS: Readonly<Record<string, Wanted>> = {
  'x-message-ttl': 'number',
  'x-expires': 'number',
  'x-max-length': 'number',
  'x-max-length-bytes': 'number',
  'x-max-priority': 'number',
  'x-delivery-limit': 'number',
  'x-quorum-initial-group-size': 'number',
  'x-overflow': 'text',
  'x-dead-letter-exchange': 'text',
  'x-dead-letter-routing-key': 'text',
  'x-dead-letter-strategy': 'text',
  'x-queue-type': 'text',
  'x-queue-mode': 'text',
  'x-queue-version': 'number',
  'x-queue-leader-locator': 'text',
  'x-single-active-consumer': 'flag',
  'x-max-age': 'text',
  'x-stream-max-segment-size-bytes': 'number',
};

const FORMS: Readonly<Record<Wanted, readonly [is: (value: unknown) => boolean, called: string]>> = {
  number: [(value) => Number.isInteger(value) && Number(value) >= 0, 'a whole number'],
  text: [(value) => typeof value === 'string', 'text'],
  flag: [(value) => typeof value === 'boolean', 'true or false'],
};

function queueProblems(queue: QueueSection): readonly Problem[] {
  const { name, durable, deadLetter, locationOf } = queue;
  const found = Object.entries(queue.arguments).flatMap(([argument, value]) => {
    const place = locationOf('arguments', argument);
    const wanted = QUEUE_ARGUMENTS[argument];
    if (wanted !== undefined) {
      const [fits, called] = FORMS[wanted];
      return fits(value) ? [] : [problem('queue-argument', place, `queue ${name}: ${argument} has to be ${called}`)];
    }
    if (!argument.startsWith('x-')) return [];
    const message = `queue ${name}: RabbitMQ has no argument ${argument}${didYouMean(argument, Object.keys(QUEUE_ARGUMENTS))}`;
    return [warning('queue-argument', place, message)];
  });
  const type = queue.arguments['x-queue-type'];
  if (!durable && (type === 'quorum' || type === 'stream'))
    found.push(problem('queue-argument', locationOf('durable'), `queue ${name}: a ${type} queue must be durable`));
  if (deadLetter === name)
    found.push(problem('dead-letter-itself', locationOf('deadLetter'), `queue ${name} is its own dead-letter queue`));
  return found;
}

function bindings(all: RabbitmqSection['bindings']): readonly Problem[] {
  const seen = new Set<string>();
  return all.flatMap((binding) => {
    const key = JSON.stringify([binding.exchange, binding.queue, binding.key, binding.arguments]);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [warning('binding-doubled', binding.location, `binding ${binding.name} is declared twice`)];
  });
}

/** What is bound together, and a queue with its dead letters, is on one server. */
function acrossServers({ exchanges, queues, bindings: all }: RabbitmqSection): readonly Problem[] {
  type OnServer = ExchangeSection | QueueSection | undefined;
  const named = (of: ReadonlyArray<ExchangeSection | QueueSection>, wanted: string | undefined): OnServer =>
    of.find(({ name }) => name === wanted);
  const differ = (one: OnServer, other: OnServer): boolean =>
    one !== undefined && other !== undefined && one.server !== other.server;
  return [
    ...all
      .filter((binding) => differ(named(exchanges, binding.exchange), named(queues, binding.queue)))
      .map(({ name, location }) =>
        problem('rabbitmq-servers', location, `binding ${name}: its exchange and its queue are on different servers`),
      ),
    ...queues
      .filter((queue) => differ(queue, named(queues, queue.deadLetter)))
      .map(({ name, deadLetter, locationOf }) =>
        problem(
          'rabbitmq-servers',
          locationOf('deadLetter'),
          `queue ${name} and its dead-letter queue ${deadLetter} are on different servers`,
        ),
      ),
  ];
}

/** Two services that receive from one queue: each gets a part of its messages only. */
function sharedQueues(services: LintContext['pipeline']['services']): readonly Problem[] {
  const receivers = new Map<string, string>();
  return services.flatMap(({ name, copyOf, receives, locationOf }) =>
    (copyOf === undefined ? receives : []).flatMap((queue, index) => {
      const other = receivers.get(queue);
      receivers.set(queue, other ?? name);
      if (other === undefined) return [];
      const message = `service ${other} also receives from queue ${queue}: each would see only some of the messages`;
      return [
        warning(
          'queue-shared',
          locationOf('receives', String(index)),
          message,
          'Give each its own queue, both bound to one exchange.',
        ),
      ];
    }),
  );
}

function conservation(check: Located & ConservationSection, rabbitmq: RabbitmqSection | undefined): readonly Problem[] {
  const { name, published, effects, locationOf } = check;
  const found: Problem[] = [];
  if ((published === undefined) !== (effects === undefined)) {
    const [there, missing] = published === undefined ? ['effects', 'published'] : ['published', 'effects'];
    const message = `check ${name} counts ${there} and not ${missing}: the broker's own counters restart at 0 with the broker`;
    const todo = `Count both by SQL; ${missing}: { database, count }.`;
    found.push(problem('conservation-half', locationOf('conservation', there), message, todo));
  }
  for (const side of ['published', 'effects'] as const) {
    if (check[side] !== undefined && !/^\s*(select|with)\b/i.test(check[side].count)) {
      const message = `check ${name}: ${side}.count must be a query that starts with select or with`;
      found.push(problem('check-query', locationOf('conservation', side, 'count'), message));
    }
  }
  const queue = rabbitmq?.queues.find((one) => one.name === check.queue);
  if (queue === undefined) return found;
  if (!queue.durable) {
    const message = `queue ${queue.name} is not durable: its messages are lost when the broker restarts, and check ${name} will say so`;
    found.push(warning('queue-not-durable', queue.locationOf('durable'), message));
  }
  if (queue.arguments['x-dead-letter-exchange'] === undefined) {
    const message = `queue ${queue.name} has no dead-letter queue: messages that its consumer rejects are dropped, and check ${name} can't list them`;
    found.push(warning('queue-without-dead-letter', queue.location, message, 'Give it one: deadLetter: NAME.'));
  }
  return found;
}

/** Dead wiring: queues and exchanges that nothing fills or empties. */
export function checkRabbitmqWiring({ pipeline }: LintContext): readonly Problem[] {
  const { rabbitmq, services } = pipeline;
  if (rabbitmq === undefined) return [];
  const { exchanges, queues } = rabbitmq;
  const written = new Set(services.flatMap(({ publishes }) => publishes));
  const read = new Set(services.flatMap(({ receives }) => receives));
  const bound = new Set(rabbitmq.bindings.map(({ exchange }) => exchange));
  const deadLetters = new Set(queues.map(({ deadLetter }) => deadLetter));
  const alternates = new Set([
    ...exchanges.map((exchange) => exchange.arguments['alternate-exchange']),
    ...queues.map((queue) => queue.arguments['x-dead-letter-exchange']),
  ]);
  const fed = (name: string): boolean => written.has(name) || alternates.has(name);
  return [
    ...exchanges.flatMap(({ name, location }) => [
      ...(bound.has(name)
        ? []
        : [
            warning(
              'exchange-unbound',
              location,
              `exchange ${name} is bound to no queue: what is published to it is dropped`,
              `Bind it: bindings: [{ exchange: ${name}, queue: … }].`,
            ),
          ]),
      ...(fed(name)
        ? []
        : [warning('exchange-without-publisher', location, `exchange ${name}: nobody publishes to it`, PUBLISHES)]),
    ]),
    ...queues.flatMap(({ name, location }) => {
      const sources = rabbitmq.bindings.filter(({ queue }) => queue === name);
      const filled = fed(name) || deadLetters.has(name) || sources.some(({ exchange }) => fed(exchange));
      const through =
        sources.length === 0 ? '' : ` or to ${[...new Set(sources.map(({ exchange }) => exchange))].join(', ')}`;
      return [
        ...(filled
          ? []
          : [
              warning(
                'queue-without-publisher',
                location,
                `queue ${name}: nobody publishes to it${through}`,
                PUBLISHES,
              ),
            ]),
        ...(read.has(name) || deadLetters.has(name)
          ? []
          : [warning('queue-without-consumer', location, `queue ${name}: nobody receives from it`, RECEIVES)]),
      ];
    }),
  ];
}

const PUBLISHES = 'Declare who does, with publishes of a service.';
const RECEIVES = 'Declare who does, with receives of a service.';
