import type { Located } from '../../pipeline/pipeline.js';

export type PlaceSection = SinglePlaceSection | UnionPlaceSection;

export type SinglePlaceSection =
  | TablePlaceSection
  | QueryPlaceSection
  | DocumentsPlaceSection
  | TopicPlaceSection
  | KsqldbPlaceSection
  | FilePlaceSection;

/** Several sources that together are what one replica holds. */
export interface UnionPlaceSection {
  readonly kind: 'union';
  readonly parts: readonly SinglePlaceSection[];
}

type Scalar = string | number | boolean | null;
/** Field path to value. */
type FieldValues = Readonly<Record<string, Scalar>>;

interface Place {
  /** Of a source: columns that each of its rows has beside its own, with the same value in all of them. */
  readonly constants: ReadonlyMap<string, Scalar>;
}

export interface TablePlaceSection extends Place {
  readonly kind: 'table';
  readonly database: string;
  readonly table: string;
  /** SQL. */
  readonly where: string | undefined;
  /** SQL: rows for which it is true count as deleted. */
  readonly deleted: string | undefined;
}

/** What a query answers. */
export interface QueryPlaceSection extends Place {
  readonly kind: 'query';
  readonly database: string;
  readonly query: string;
  /** The tables that it reads: where the way to or from it leads. */
  readonly tables: readonly string[];
  /** SQL over what it answers. */
  readonly where: string | undefined;
  readonly deleted: string | undefined;
}

interface FieldsPlace extends Place {
  readonly where: FieldValues;
  /** What has these values counts as deleted. */
  readonly deleted: FieldValues | undefined;
}

export interface DocumentsPlaceSection extends FieldsPlace {
  readonly kind: 'documents';
  readonly store: string;
  readonly collection: string;
}

/** The latest value of each key of a topic. */
export interface TopicPlaceSection extends FieldsPlace {
  readonly kind: 'topic';
  readonly topic: string;
}

/** What a pull query of a stream or table answers. */
export interface KsqldbPlaceSection extends FieldsPlace {
  readonly kind: 'ksqldb';
  readonly name: string;
}

export interface FilePlaceSection extends FieldsPlace {
  readonly kind: 'file';
  /** Absolute. */
  readonly file: string;
  /** As the pipeline file has it. */
  readonly written: string;
  readonly format: 'csv' | 'jsonl';
}

/** As people say it: `person.person_person`, `customers.customers`, `topic persons`. */
export function placeName(place: PlaceSection): string {
  switch (place.kind) {
    case 'table':
      return `${place.database}.${place.table}`;
    case 'query':
      return `${place.database} (query)`;
    case 'documents':
      return `${place.store}.${place.collection}`;
    case 'topic':
      return `topic ${place.topic}`;
    case 'ksqldb':
      return `ksqlDB ${place.name}`;
    case 'file':
      return place.written;
    case 'union':
      return place.parts.map(placeName).join(' + ');
  }
}

/** The sources that a side is made of. */
export const partsOf = (place: PlaceSection): readonly SinglePlaceSection[] =>
  place.kind === 'union' ? place.parts : [place];

/** A side whose fields are known record by record, where a table and a query have columns. */
export const hasFields = (place: PlaceSection): boolean =>
  partsOf(place).some(({ kind }) => kind !== 'table' && kind !== 'query');

/** Replica column to source column or SQL expression; of documents a field path. */
export type ColumnMap = ReadonlyMap<string, string>;

/** How the values of one column are compared, where the file says more than its name. */
export interface ColumnMeaning {
  /** What the replica's column is computed from: SQL over it, or of documents a field path. */
  readonly replica?: string | undefined;
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
  readonly replica: SinglePlaceSection;
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
  /** No key at all is right. */
  readonly allowEmpty: boolean;
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
  /** That nothing was published is right. */
  readonly allowEmpty: boolean;
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
