import { EMPTY_TABLE, type FieldTable, textOf } from '../../../protocol/amqp/field-table.js';
import type { Queue } from '../queues/queue.js';
import { equalTables, matchesHeaders } from './headers-match.js';
import { matchesTopic } from './topic-pattern.js';

export type ExchangeType = 'direct' | 'fanout' | 'topic' | 'headers';

export const EXCHANGE_TYPES: readonly ExchangeType[] = ['direct', 'fanout', 'topic', 'headers'];

export interface ExchangeDefinition {
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

export type Destination = Queue | Exchange;

export interface Binding {
  readonly source: Exchange;
  readonly destination: Destination;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

/** What routing looks at; headers are decoded only where an exchange asks for them. */
export interface Routed {
  readonly routingKey: string;
  headers(): FieldTable | undefined;
}

/** Routing keys whose destinations a topic exchange remembers. */
const REMEMBERED_KEYS_MAX = 1000;

/** An exchange and the bindings that lead away from it. */
export class Exchange implements ExchangeDefinition {
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
  readonly alternate: string | undefined;
  private readonly byKey = new Map<string, Binding[]>();
  private readonly remembered = new Map<string, readonly Destination[]>();
  published = 0;

  constructor(definition: ExchangeDefinition) {
    this.name = definition.name;
    this.type = definition.type;
    this.durable = definition.durable;
    this.autoDelete = definition.autoDelete;
    this.internal = definition.internal;
    this.arguments = definition.arguments;
    this.alternate = textOf(definition.arguments.get('alternate-exchange'));
  }

  *bindings(): Iterable<Binding> {
    for (const bindings of this.byKey.values()) yield* bindings;
  }

  get hasBindings(): boolean {
    return this.byKey.size > 0;
  }

  find(destination: Destination, routingKey: string, args: FieldTable): Binding | undefined {
    return this.byKey
      .get(routingKey)
      ?.find((binding) => binding.destination === destination && equalTables(binding.arguments, args));
  }

  add(binding: Binding): void {
    const bindings = this.byKey.get(binding.routingKey);
    if (bindings === undefined) this.byKey.set(binding.routingKey, [binding]);
    else bindings.push(binding);
    this.remembered.clear();
  }

  remove(binding: Binding): void {
    const left = this.byKey.get(binding.routingKey)?.filter((one) => one !== binding) ?? [];
    if (left.length > 0) this.byKey.set(binding.routingKey, left);
    else this.byKey.delete(binding.routingKey);
    this.remembered.clear();
  }

  /** Where a message goes from here; a destination may come more than once. */
  route(message: Routed): readonly Destination[] {
    switch (this.type) {
      case 'direct':
        return this.byKey.get(message.routingKey)?.map(({ destination }) => destination) ?? [];
      case 'fanout':
        return [...this.bindings()].map(({ destination }) => destination);
      case 'topic':
        return this.routeTopic(message.routingKey);
      case 'headers': {
        const headers = message.headers() ?? EMPTY_TABLE;
        return [...this.bindings()]
          .filter((binding) => matchesHeaders(binding.arguments, headers))
          .map(({ destination }) => destination);
      }
    }
  }

  private routeTopic(routingKey: string): readonly Destination[] {
    const known = this.remembered.get(routingKey);
    if (known !== undefined) return known;
    const words = wordsOf(routingKey);
    const destinations = new Set<Destination>();
    for (const [pattern, bindings] of this.byKey) {
      if (!matchesTopic(wordsOf(pattern), words)) continue;
      for (const { destination } of bindings) destinations.add(destination);
    }
    if (this.remembered.size >= REMEMBERED_KEYS_MAX) this.remembered.clear();
    const found = [...destinations];
    this.remembered.set(routingKey, found);
    return found;
  }
}

/** An empty key has no word. */
const wordsOf = (key: string): readonly string[] => (key === '' ? [] : key.split('.'));
