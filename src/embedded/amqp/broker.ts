import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EMPTY_TABLE, type FieldTable } from '../../protocol/amqp/field-table.js';
import { type Clock, systemClock } from '../../support/clock.js';
import { lockFolder } from '../../support/folder-lock.js';
import { type Log, silentLog } from '../../support/log.js';
import { AmqpError, named } from './amqp-error.js';
import { IncompleteContent } from './connection/content-input.js';
import { Definitions } from './definitions.js';
import {
  type Binding,
  type Destination,
  EXCHANGE_TYPES,
  Exchange,
  type ExchangeDefinition,
} from './exchanges/exchange.js';
import type { AmqpOptions } from './options.js';
import { Publication } from './publication.js';
import { type DeadLetterReason, deadLetterProperties, isCycle } from './queues/dead-letter.js';
import { type Owner, Queue, type QueueContext, type QueueDefinition, type Recipient } from './queues/queue.js';
import { Commits } from './storage/commits.js';
import { ContentMemory } from './storage/content-memory.js';
import type { Message } from './storage/entry.js';

const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
const SEGMENT_BYTES = 16 * 1024 * 1024;

/** Everything that methods work on, of the one virtual host `/`: exchanges, queues, bindings. It knows no sockets. */
export class Broker {
  readonly exchanges = new Map<string, Exchange>();
  readonly queues = new Map<string, Queue>();
  /** Consumers of direct replies, by their names. */
  readonly replies = new Map<string, Recipient>();
  readonly incomplete = new IncompleteContent();
  readonly commits: Commits;
  readonly clock: Clock;
  readonly log: Log;
  readonly user: string;
  readonly password: string;
  private readonly folders = new Map<Queue, string>();
  private readonly definitions: Definitions;
  private readonly context: QueueContext;
  private readonly unlock: () => void;

  /** Throws where the folder cannot be used. */
  constructor(private readonly options: AmqpOptions) {
    this.clock = options.clock ?? systemClock;
    this.log = options.log ?? silentLog;
    this.user = options.user ?? 'guest';
    this.password = options.password ?? 'guest';
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
    this.unlock = lockFolder(options.dataDir);
    this.commits = new Commits(this.clock, this.log);
    this.context = {
      commits: this.commits,
      memory: new ContentMemory(options.memoryBytesMax ?? MEMORY_BYTES_MAX),
      log: this.log,
      segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
      clock: this.clock,
      deadLetter: (queue, message, reason) => this.deadLetter(queue, message, reason),
      outlived: (queue) => this.removeQueue(queue),
    };
    for (const definition of predeclared()) this.exchanges.set(definition.name, new Exchange(definition));
    this.definitions = new Definitions(join(options.dataDir, 'definitions.journal'));
    this.recover();
  }

  private recover(): void {
    const { exchanges, queues, bindings } = this.definitions.all();
    for (const definition of exchanges) this.exchanges.set(definition.name, new Exchange(definition));
    for (const { folder, ...definition } of queues) this.addQueue(definition, undefined, folder);
    for (const { source, destination, toExchange, routingKey, arguments: args } of bindings) {
      const from = this.exchanges.get(source);
      const to = toExchange ? this.exchanges.get(destination) : this.queues.get(destination);
      if (from === undefined || to === undefined) continue; // a kill came between its removal and its end's
      from.add({ source: from, destination: to, routingKey, arguments: args });
    }
    this.sweep();
    for (const queue of this.queues.values()) queue.recover();
    for (const queue of this.queues.values()) queue.start();
  }

  /** Removes folders of queues that are gone: those that were not durable, and those that a kill kept from being removed. */
  private sweep(): void {
    const parent = join(this.options.dataDir, 'queues');
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    const wanted = new Set(this.folders.values());
    for (const folder of readdirSync(parent)) {
      if (!wanted.has(folder)) rmSync(join(parent, folder), { recursive: true, force: true });
    }
  }

  private addQueue(definition: QueueDefinition, owner: Owner | undefined, folder: string): Queue {
    const queue = new Queue(definition, owner, join(this.options.dataDir, 'queues', folder), this.context);
    this.queues.set(queue.name, queue);
    this.folders.set(queue, folder);
    return queue;
  }

  /** Throws AmqpError 404. The default exchange has the empty name. */
  exchange(name: string): Exchange {
    const exchange = this.exchanges.get(name);
    if (exchange === undefined) throw new AmqpError('NOT_FOUND', `no ${named('exchange', name)}`);
    return exchange;
  }

  /** Throws AmqpError 404, or 405 where it is exclusive to another connection. */
  queue(name: string, user: Owner): Queue {
    const queue = this.queues.get(name);
    if (queue === undefined) throw new AmqpError('NOT_FOUND', `no ${named('queue', name)}`);
    if (queue.owner !== undefined && queue.owner !== user) throw lockedQueue(name);
    return queue;
  }

  declareExchange(definition: ExchangeDefinition): void {
    const exchange = new Exchange(definition);
    this.exchanges.set(exchange.name, exchange);
    if (exchange.durable) this.definitions.addExchange(exchange);
  }

  /** A new queue. Throws AmqpError 406 where its arguments make no sense. */
  declareQueue(definition: QueueDefinition, owner: Owner | undefined): Queue {
    const folder = randomBytes(12).toString('hex');
    const queue = this.addQueue(definition, owner, folder);
    if (queue.durable && owner === undefined) this.definitions.addQueue(queue, folder);
    return queue;
  }

  /** Gives how many messages were ready. */
  removeQueue(queue: Queue): number {
    if (this.queues.get(queue.name) !== queue) return 0;
    this.queues.delete(queue.name);
    this.folders.delete(queue);
    this.definitions.removeQueue(queue.name);
    this.unbindDestination(queue);
    return queue.delete();
  }

  removeExchange(exchange: Exchange): void {
    if (this.exchanges.get(exchange.name) !== exchange) return;
    this.exchanges.delete(exchange.name);
    for (const binding of exchange.bindings()) this.definitions.removeBinding(binding);
    this.definitions.removeExchange(exchange.name);
    this.unbindDestination(exchange);
  }

  private unbindDestination(destination: Destination): void {
    for (const exchange of [...this.exchanges.values()]) {
      for (const binding of [...exchange.bindings()]) if (binding.destination === destination) this.unbind(binding);
    }
  }

  bind(binding: Binding): void {
    const { source, destination, routingKey, arguments: args } = binding;
    if (source.find(destination, routingKey, args) !== undefined) return;
    source.add(binding);
    if (source.durable && this.isKept(destination)) this.definitions.addBinding(binding);
  }

  private isKept(destination: Destination): boolean {
    return destination.durable && !(destination instanceof Queue && destination.owner !== undefined);
  }

  /** The source may go with its last binding. */
  unbind(binding: Binding): void {
    const { source } = binding;
    source.remove(binding);
    this.definitions.removeBinding(binding);
    if (source.autoDelete && !source.hasBindings) this.removeExchange(source);
  }

  /** The queues that a message gets into, each once; or who waits for it as a reply. */
  route(first: Exchange, message: Publication): ReadonlySet<Recipient> {
    const queues = new Set<Recipient>();
    const reply = first.name === '' ? this.replies.get(message.routingKey) : undefined;
    if (reply !== undefined) return queues.add(reply);
    const seen = new Set([first]);
    for (const exchange of seen) {
      exchange.published++;
      const destinations = message.routingKeys.flatMap((routingKey) =>
        exchange.name === ''
          ? (this.queues.get(routingKey) ?? [])
          : exchange.route({ routingKey, headers: () => message.headers }),
      );
      if (destinations.length === 0 && exchange.alternate !== undefined) {
        const alternate = this.exchanges.get(exchange.alternate);
        if (alternate !== undefined) seen.add(alternate); // a set's iteration reaches what is added meanwhile
      }
      for (const destination of destinations) {
        if (destination instanceof Queue) queues.add(destination);
        else seen.add(destination);
      }
    }
    return queues;
  }

  private deadLetter(queue: Queue, message: Message, reason: DeadLetterReason): void {
    const { deadLetterExchange = '', deadLetterRoutingKey } = queue.settings;
    const exchange = this.exchanges.get(deadLetterExchange);
    if (exchange === undefined) return;
    const properties = deadLetterProperties(message, queue, reason, this.clock.now());
    const routingKey = deadLetterRoutingKey ?? message.routingKey;
    const dead = new Publication(exchange.name, routingKey, properties, Buffer.from(message.body));
    for (const target of this.route(exchange, dead)) {
      if (!isCycle(dead.headers, target.name, reason)) target.publish(dead, 'dead-letter');
    }
  }

  /** The connection is gone, and its exclusive queues with it. */
  leave(owner: Owner): void {
    for (const queue of [...this.queues.values()]) if (queue.owner === owner) this.removeQueue(queue);
  }

  close(): void {
    this.commits.close();
    for (const queue of this.queues.values()) queue.close();
    this.definitions.close();
    this.unlock();
  }
}

export function lockedQueue(name: string): AmqpError {
  return new AmqpError(
    'RESOURCE_LOCKED',
    `cannot obtain exclusive access to locked ${named('queue', name)}. It could be originally declared on another ` +
      'connection or the exclusive property value does not match that of the original declaration.',
  );
}

function predeclared(): readonly ExchangeDefinition[] {
  const definition = { durable: true, autoDelete: false, internal: false, arguments: EMPTY_TABLE as FieldTable };
  return [
    { ...definition, name: '', type: 'direct' as const },
    ...EXCHANGE_TYPES.map((type) => ({ ...definition, name: `amq.${type}`, type })),
    { ...definition, name: 'amq.match', type: 'headers' as const },
    { ...definition, name: 'amq.rabbitmq.trace', type: 'topic' as const, internal: true },
  ];
}
