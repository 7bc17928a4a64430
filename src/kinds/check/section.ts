import type { Located } from '../../pipeline/pipeline.js';

export type PlaceSection = TablePlaceSection | DocumentsPlaceSection | TopicPlaceSection;

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

/** The latest value of each key of a topic. */
export interface TopicPlaceSection {
  readonly kind: 'topic';
  readonly topic: string;
  /** Field path to value. */
  readonly where: DocumentsPlaceSection['where'];
}

/** As people say it: `person.person_person`, `customers.customers`, `topic persons`. */
export function placeName(place: PlaceSection): string {
  switch (place.kind) {
    case 'table':
      return `${place.database}.${place.table}`;
    case 'documents':
      return `${place.store}.${place.collection}`;
    case 'topic':
      return `topic ${place.topic}`;
  }
}

/** Replica column to source column or SQL expression; of documents a field path. */
export type ColumnMap = ReadonlyMap<string, string>;

/** How the values of one column are compared, where the file says more than its name. */
export interface ColumnMeaning {
  readonly compare?: 'semantic' | 'strict' | undefined;
  readonly lossy?: boolean | undefined;
  readonly tolerance?: string | undefined;
  readonly trim?: boolean | undefined;
  readonly ignoreCase?: boolean | undefined;
  readonly milliseconds?: boolean | undefined;
}

export type CheckSection = Located & (CompareSection | RowsSection | StagesSection | ConservationSection);

export interface CompareSection {
  readonly kind: 'compare';
  readonly source: PlaceSection;
  readonly replica: PlaceSection;
  /** Empty: rows have no key, and are compared by how many there are of each. */
  readonly key: ColumnMap;
  /** Undefined: every column that both sides have. */
  readonly columns: ColumnMap | undefined;
  /** Of every column that does not say otherwise. */
  readonly compare: 'semantic' | 'strict';
  /** Of key and other columns, by replica column. */
  readonly meanings: ReadonlyMap<string, ColumnMeaning>;
  /** The replica's name of the column that grows with every change of a row, which --since asks. */
  readonly changed: string | undefined;
  /** Two sides without a row agree. */
  readonly allowEmpty: boolean;
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

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly checks: readonly CheckSection[];
  }
}
