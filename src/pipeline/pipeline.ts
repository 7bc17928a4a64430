import type { SourceLocation } from '../support/errors.js';

/**
 * The pipeline as everything beyond src/pipeline sees it: profiles merged, `${VAR}` replaced, defaults filled in, every
 * declared thing with its name and place. Values may still hold `$(…)` references (references.ts): they mean what the
 * target yields, to whoever reads them.
 */
export interface Pipeline {
  readonly name: string;
  /** Absolute path of the (first) pipeline file; `-` where it came from standard input. */
  readonly file: string;
  /** Absolute; relative paths of the file are below it, and services run there. */
  readonly folder: string;
  /** `.evpipe/<name>` below the folder. */
  readonly stateFolder: string;
  readonly target: TargetSection;
  readonly databases: readonly DatabaseSection[];
  readonly topics: readonly TopicSection[];
  readonly compatibility: string | undefined;
  readonly subjects: readonly SubjectSection[];
  readonly connectors: readonly ConnectorSection[];
  /** Undefined: the pipeline has no ksqlDB. */
  readonly ksqldb: KsqldbSection | undefined;
  readonly connectEnv: Readonly<Record<string, string>>;
  /** Undefined: the pipeline has no RabbitMQ. */
  readonly rabbitmq: RabbitmqSection | undefined;
  readonly services: readonly ServiceSection[];
  readonly stores: readonly StoreSection[];
  /** Undefined: nothing stands in front of the services. */
  readonly gateway: GatewaySection | undefined;
  readonly seeds: readonly SeedSection[];
  readonly checks: readonly CheckSection[];
  readonly smoke: readonly SmokeSection[];
}

export interface Located {
  readonly name: string;
  readonly location: SourceLocation;
  /** The place of a key below this thing (`config`, `table.include.list`); the nearest one that exists. */
  locationOf(...path: string[]): SourceLocation;
}

export interface DatabaseSection extends Located {
  /** Absolute paths of its migration files, in order. */
  readonly migrations: readonly string[];
}

export interface TopicSection extends Located {
  readonly partitions: number;
  readonly replicationFactor: number | undefined;
  readonly config: Readonly<Record<string, string>>;
}

export interface SubjectSection extends Located {
  /** Absolute. */
  readonly file: string;
  readonly type: 'AVRO' | 'JSON' | 'PROTOBUF';
  readonly references: ReadonlyArray<{ readonly name: string; readonly subject: string; readonly version: number }>;
}

export interface ConnectorSection extends Located {
  readonly database: string | undefined;
  readonly produces: readonly string[];
  /** What the file says itself: the rest of `config` was filled in. */
  readonly written: Readonly<Record<string, string>>;
  /** With everything filled in; undefined where a ksql migration makes the connector. */
  readonly config: Readonly<Record<string, string>> | undefined;
}

export interface KsqldbSection {
  readonly migrations: readonly string[];
}

export interface RabbitmqSection {
  readonly exchanges: readonly ExchangeSection[];
  readonly queues: readonly QueueSection[];
  readonly bindings: readonly BindingSection[];
}

export type RabbitmqArguments = Readonly<Record<string, string | number | boolean>>;

export interface ExchangeSection extends Located {
  readonly type: 'direct' | 'fanout' | 'topic' | 'headers';
  readonly durable: boolean;
  readonly arguments: RabbitmqArguments;
}

export interface QueueSection extends Located {
  readonly durable: boolean;
  readonly deadLetter: string | undefined;
  /** Complete: with what `deadLetter` means. */
  readonly arguments: RabbitmqArguments;
}

/** Its name is for people: `events → emails`, with the key where there is one. */
export interface BindingSection extends Located {
  readonly exchange: string;
  readonly queue: string;
  readonly key: string;
  readonly arguments: RabbitmqArguments;
}

export interface ServiceSection extends Located {
  /** Of the second and further copies (NAME-2 …): the service whose work they share. */
  readonly copyOf: string | undefined;
  readonly run:
    | { readonly kind: 'module'; readonly module: string }
    | { readonly kind: 'command'; readonly command: readonly string[] };
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

export interface StoreSection extends Located {
  readonly kind: 'documents' | 'cache';
  /** The pipeline works without it; `$(stores.NAME.url)` is then empty. */
  readonly optional: boolean;
}

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

export interface GatewaySection extends Located {
  readonly port: number;
  /** A path (it and all below it) to a service. */
  readonly routes: ReadonlyArray<{ readonly prefix: string; readonly service: string }>;
}

export type SeedValueSection =
  | string
  | { readonly from: string }
  | { readonly each: string }
  | { readonly integer: readonly [number, number] }
  | { readonly timestamp: string }
  | { readonly oneOf: readonly (string | number | boolean)[] }
  | { readonly value: string | number | boolean | null };

export type SeedSection = Located & (ServiceSeedSection | SqlSeedSection | CsvSeedSection | JsonlSeedSection);

export interface ServiceSeedSection {
  readonly kind: 'service';
  readonly service: string;
  readonly path: string;
  readonly rows: number;
  readonly random: number;
  readonly values: Readonly<Record<string, SeedValueSection>>;
}

export interface SqlSeedSection {
  readonly kind: 'sql';
  /** Absolute. */
  readonly file: string;
  readonly database: string;
}

export interface CsvSeedSection {
  readonly kind: 'csv';
  /** Absolute. */
  readonly file: string;
  readonly database: string;
  readonly table: string;
}

export interface JsonlSeedSection {
  readonly kind: 'jsonl';
  /** Absolute. */
  readonly file: string;
  readonly topic: string;
}

export type PlaceSection = TablePlaceSection | DocumentsPlaceSection;

export interface TablePlaceSection {
  readonly kind: 'table';
  readonly database: string;
  readonly table: string;
  /** SQL. */
  readonly where: string | undefined;
}

export interface DocumentsPlaceSection {
  readonly kind: 'documents';
  readonly store: string;
  readonly collection: string;
  /** Field path to value. */
  readonly where: Readonly<Record<string, string | number | boolean | null>>;
}

/** As people say it: `person.person_person`, `customers.customers`. */
export const placeName = (place: PlaceSection): string =>
  place.kind === 'table' ? `${place.database}.${place.table}` : `${place.store}.${place.collection}`;

/** Replica column to source column or SQL expression; of documents a field path. */
export type ColumnMap = ReadonlyMap<string, string>;

export type CheckSection = Located & (CompareSection | RowsSection | StagesSection | ConservationSection);

export interface CompareSection {
  readonly kind: 'compare';
  readonly source: PlaceSection;
  readonly replica: PlaceSection;
  readonly key: ColumnMap;
  /** Undefined: every column that both sides have. */
  readonly columns: ColumnMap | undefined;
  /** Undefined: found in the graph. Empty: nothing replicates, both just have to agree. */
  readonly through: readonly string[] | undefined;
  readonly withinMs: number | undefined;
}

export interface RowsSection {
  readonly kind: 'rows';
  readonly database: string;
  readonly query: string;
  readonly expect: 'none' | 'some';
  readonly withinMs: number | undefined;
}

export interface StagesSection {
  readonly kind: 'stages';
  readonly topic: string;
  /** `key`: the record's key; else a field of the value. */
  readonly key: string;
  readonly field: string;
  readonly transitions: ReadonlyArray<readonly [string | number, string | number]>;
  readonly final: readonly (string | number)[];
  readonly withinMs: number;
  /** `time`: by the records' timestamps, where several writers report on one key. */
  readonly order: 'arrival' | 'time';
  readonly once: boolean;
  /** Status to the service that reports it. */
  readonly reportedBy: ReadonlyMap<string, string>;
  /** A table that has the same keys. */
  readonly keys: { readonly database: string; readonly table: string; readonly column: string } | undefined;
  /** Where the last status of every key is kept. */
  readonly view: StatusViewSection | undefined;
}

export type StatusViewSection = { readonly key: string; readonly status: string } & (
  | { readonly database: string; readonly table: string }
  | { readonly ksqldb: string }
);

export interface ConservationSection {
  readonly kind: 'conservation';
  readonly queue: string;
  /** Both or neither; without them the broker's own counters are compared. */
  readonly published: CountSection | undefined;
  readonly effects: CountSection | undefined;
  readonly withinMs: number | undefined;
}

export interface CountSection {
  readonly database: string;
  /** A query with one number. */
  readonly count: string;
}

export type SmokeExpectation =
  | {
      readonly kind: 'record';
      readonly topic: string;
      readonly key: string | undefined;
      readonly value: Readonly<Record<string, unknown>> | undefined;
    }
  | {
      readonly kind: 'row';
      readonly database: string;
      readonly table: string;
      readonly where: Readonly<Record<string, unknown>>;
      readonly row: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'document';
      readonly store: string;
      readonly collection: string;
      readonly where: Readonly<Record<string, unknown>>;
      readonly document: Readonly<Record<string, unknown>>;
    };

export interface SmokeRequestSection {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Undefined: any 2xx. */
  readonly status: number | undefined;
  /** For locationOf: where in the test it stands. */
  readonly at: readonly string[];
}

export interface SmokeSection extends Located {
  /** Sent one after the other. */
  readonly requests: readonly SmokeRequestSection[];
  readonly expect: readonly SmokeExpectation[];
  readonly withinMs: number;
}

type Placed<Address> = 'embedded' | 'compose' | Address;

export interface UrlAddressSection {
  readonly url: string;
  readonly inside?: { readonly url: string } | undefined;
}

export interface RabbitmqAddressSection extends UrlAddressSection {
  /** Of the HTTP API; absent: where the management plugin has it, 10000 ports above. */
  readonly management?: string | undefined;
}

/** One entry of `targets:`, or one of the three plain ones, which have a base and nothing else. */
export interface TargetSection {
  readonly name: string;
  readonly base: 'embedded' | 'compose' | 'cluster';
  readonly kafka?:
    | Placed<{
        readonly bootstrapServers: string;
        readonly ssl?:
          | boolean
          | {
              readonly ca?: string;
              readonly cert?: string;
              readonly key?: string;
              readonly rejectUnauthorized?: boolean;
            }
          | undefined;
        readonly sasl?:
          | {
              readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
              readonly username: string;
              readonly password: string;
            }
          | undefined;
        readonly inside?: { readonly bootstrapServers: string } | undefined;
      }>
    | undefined;
  readonly schemaRegistry?: Placed<UrlAddressSection> | undefined;
  readonly connect?: Placed<UrlAddressSection> | undefined;
  readonly ksqldb?: Placed<UrlAddressSection> | undefined;
  readonly rabbitmq?: Placed<RabbitmqAddressSection> | undefined;
  readonly postgres?: 'embedded' | 'compose' | undefined;
  readonly databases?: Readonly<Record<string, Placed<UrlAddressSection>>> | undefined;
  readonly services?: Readonly<Record<string, Placed<UrlAddressSection>>> | undefined;
  readonly stores?: Readonly<Record<string, Placed<UrlAddressSection>>> | undefined;
}
