import { decodeTable, encodeTable, type FieldTable } from '../../protocol/amqp/field-table.js';
import { Journal } from '../../support/journal.js';
import type { Binding, ExchangeDefinition } from './exchanges/exchange.js';
import { Exchange } from './exchanges/exchange.js';
import type { QueueDefinition } from './queues/queue.js';

type Stored<Definition> = Omit<Definition, 'arguments'> & { readonly arguments: string };

export interface StoredBinding {
  readonly source: string;
  readonly destination: string;
  readonly toExchange: boolean;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

type StoredDefinition =
  | ({ readonly kind: 'exchange' } & Stored<ExchangeDefinition>)
  | ({ readonly kind: 'queue'; readonly folder: string } & Stored<QueueDefinition>)
  | ({ readonly kind: 'binding' } & Stored<StoredBinding>);

const pack = <D extends { readonly arguments: FieldTable }>(definition: D): Stored<D> => ({
  ...definition,
  arguments: encodeTable(definition.arguments).toString('base64'),
});

const unpack = <D extends { readonly arguments: string }>(stored: D): D & { readonly arguments: FieldTable } =>
  ({ ...stored, arguments: decodeTable(Buffer.from(stored.arguments, 'base64')) }) as never;

/** Durable exchanges, queues and bindings on disk. */
export class Definitions {
  private readonly journal: Journal<StoredDefinition>;

  constructor(file: string) {
    this.journal = new Journal(file);
  }

  all(): {
    readonly exchanges: readonly ExchangeDefinition[];
    readonly queues: ReadonlyArray<QueueDefinition & { readonly folder: string }>;
    readonly bindings: readonly StoredBinding[];
  } {
    const [exchanges, queues, bindings]: [
      ExchangeDefinition[],
      (QueueDefinition & { folder: string })[],
      StoredBinding[],
    ] = [[], [], []];
    for (const stored of this.journal.entries.values()) {
      if (stored.kind === 'exchange') exchanges.push(unpack(stored));
      else if (stored.kind === 'queue') queues.push(unpack(stored));
      else bindings.push(unpack(stored));
    }
    return { exchanges, queues, bindings };
  }

  addExchange({ name, type, durable, autoDelete, internal, arguments: args }: ExchangeDefinition): void {
    const definition = { name, type, durable, autoDelete, internal, arguments: args };
    this.journal.set(`exchange:${name}`, { kind: 'exchange', ...pack(definition) });
  }

  removeExchange(name: string): void {
    this.remove(`exchange:${name}`);
  }

  addQueue({ name, durable, autoDelete, arguments: args }: QueueDefinition, folder: string): void {
    this.journal.set(`queue:${name}`, {
      kind: 'queue',
      folder,
      ...pack({ name, durable, autoDelete, arguments: args }),
    });
  }

  removeQueue(name: string): void {
    this.remove(`queue:${name}`);
  }

  addBinding(binding: Binding): void {
    this.journal.set(bindingKey(binding), {
      kind: 'binding',
      source: binding.source.name,
      destination: binding.destination.name,
      toExchange: binding.destination instanceof Exchange,
      routingKey: binding.routingKey,
      arguments: encodeTable(binding.arguments).toString('base64'),
    });
  }

  removeBinding(binding: Binding): void {
    this.remove(bindingKey(binding));
  }

  private remove(key: string): void {
    if (this.journal.entries.has(key)) this.journal.delete(key);
  }

  close(): void {
    this.journal.close();
  }
}

function bindingKey({ source, destination, routingKey, arguments: args }: Binding): string {
  const kind = destination instanceof Exchange ? 'exchange' : 'queue';
  const parts = [source.name, kind, destination.name, routingKey, encodeTable(args).toString('base64')];
  return `binding:${JSON.stringify(parts)}`;
}
