import type {
  AmqpClient,
  BindingDeclaration,
  ExchangeDeclaration,
  QueueDeclaration,
} from '../../clients/amqp/contract.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import type { Change, ResourceKind } from '../resource.js';

interface Placed {
  readonly server?: string | undefined;
  readonly location?: SourceLocation | undefined;
}

export type ExchangeSpec = ExchangeDeclaration & Placed;
export type QueueSpec = QueueDeclaration & Placed;
/** `name` is for people. */
export type BindingSpec = BindingDeclaration & Placed & { readonly name: string };

/** What the broker says against the declaration of something that is there; undefined: it is as declared. */
export interface LiveDeclared {
  readonly differs: string | undefined;
}

export interface BrokerContext {
  readonly amqp: AmqpClient;
}

/** To declare what is there as declared changes nothing: so the broker itself compares, by its own rules of what is equal. */
async function compare(declare: () => Promise<void>): Promise<LiveDeclared> {
  try {
    await declare();
    return { differs: undefined };
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.code !== 'EVPIPE_AMQP_PRECONDITION_FAILED') throw failure;
    return { differs: failure.message };
  }
}

function changes(live: LiveDeclared | undefined, kind: string, name: string): readonly Change[] {
  if (live === undefined) return [{ summary: 'new' }];
  if (live.differs === undefined) return [];
  return [
    {
      summary: inequivalence(live.differs),
      refused: {
        why: `RabbitMQ cannot change an existing ${kind}`,
        todo: `Declare it as it is, or take its messages out and delete it: rabbitmqadmin delete ${kind} name=${name}`,
      },
    },
  ];
}

/** `inequivalent arg 'durable' for queue 'likes' in vhost '/': received 'true' but current is 'false'`, in the words of a plan. */
function inequivalence(words: string): string {
  const match = /inequivalent arg '([^']*)' for .*: received (.*) but current is (.*)$/.exec(words);
  if (match === null) return words;
  const [, argument, declared, live] = match.map((part) => part.replace(/^the value (.*) of type '\w+'$/, '$1'));
  return `${argument} is ${live}, declared ${declared}`;
}

export const exchangeResource: ResourceKind<ExchangeSpec, LiveDeclared, BrokerContext> = {
  kind: 'exchange',
  name: (spec) => spec.name,
  location: (spec) => spec.location,
  read: async (spec, { amqp }) =>
    (await amqp.hasExchange(spec.name)) ? compare(() => amqp.declareExchange(spec)) : undefined,
  diff: (spec, live) => changes(live, 'exchange', spec.name),
  apply: (spec, _live, { amqp }) => amqp.declareExchange(spec),
};

export const queueResource: ResourceKind<QueueSpec, LiveDeclared, BrokerContext> = {
  kind: 'queue',
  name: (spec) => spec.name,
  location: (spec) => spec.location,
  read: async (spec, { amqp }) =>
    (await amqp.queue(spec.name)) === undefined ? undefined : compare(() => amqp.declareQueue(spec)),
  diff: (spec, live) => changes(live, 'queue', spec.name),
  apply: (spec, _live, { amqp }) => amqp.declareQueue(spec),
};

/** `isBound` comes from the HTTP API only, AMQP cannot ask; undefined: unknown. */
export interface BindingContext extends BrokerContext {
  isBound(binding: BindingDeclaration): Promise<boolean | undefined>;
}

export const bindingResource: ResourceKind<BindingSpec, 'bound' | 'unknown', BindingContext> = {
  kind: 'binding',
  name: (spec) => spec.name,
  location: (spec) => spec.location,
  async read(spec, { isBound }) {
    const bound = await isBound(spec);
    if (bound === undefined) return 'unknown';
    return bound ? 'bound' : undefined;
  },
  diff: (_spec, live) => (live === undefined ? [{ summary: 'new' }] : []),
  apply: (spec, _live, { amqp }) => amqp.bind(spec),
};
