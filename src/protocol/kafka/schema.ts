import type { RecordBytes } from './writer.js';

/**
 * The grammar of Kafka's messages: a message is a struct of named fields, each with the versions that have it, from
 * when on it may be null, its tag (KIP-482) and its default. The tables in messages/ are written in it; compile.ts
 * makes readers and writers of one version; the TypeScript types of the values follow from the tables.
 *
 * Versions are written as Kafka writes them: '3', '0-2', '4+'.
 */

export type Versions = `${number}` | `${number}-${number}` | `${number}+` | 'none';

export type Primitive =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records';

export interface FieldOptions<T> {
  /** The versions in which it may be null. */
  readonly nullable?: Versions;
  readonly default?: T | null;
  /** Its number among the tagged fields, and the versions in which it is one. */
  readonly tag?: number;
  readonly tagged?: Versions;
}

export type FieldType =
  | { readonly kind: 'primitive'; readonly primitive: Primitive }
  | { readonly kind: 'list'; readonly element: FieldType }
  | { readonly kind: 'struct'; readonly fields: Fields };

declare const decoded: unique symbol;
declare const given: unique symbol;

/** Out: what decoding gives. In: what encoding takes, where everything may be left out that has its default. */
export interface Field<Out, In = Out> {
  readonly type: FieldType;
  readonly versions: Versions;
  readonly options: FieldOptions<unknown>;
  readonly [decoded]?: Out;
  readonly [given]?: In;
}

export type Fields = { readonly [name: string]: Field<unknown, unknown> };

export type Decoded<F extends Fields> = {
  -readonly [K in keyof F]: F[K] extends Field<infer Out, unknown> ? Out : never;
};
export type Given<F extends Fields> = {
  readonly [K in keyof F]?: (F[K] extends Field<infer _, infer In> ? In : never) | undefined;
};

/** A decoded struct of whatever fields. */
export type Struct = Readonly<Record<string, unknown>>;

type Nullable<T, O> = O extends { readonly nullable: Versions } ? T | null : T;

const primitive =
  <Out, In = Out>(name: Primitive) =>
  <const O extends FieldOptions<Out>>(
    versions: Versions = '0+',
    options?: O,
  ): Field<Nullable<Out, O>, Nullable<In, O>> => ({
    type: { kind: 'primitive', primitive: name },
    versions,
    options: options ?? {},
  });

export const bool = primitive<boolean>('bool');
export const int8 = primitive<number>('int8');
export const int16 = primitive<number>('int16');
export const uint16 = primitive<number>('uint16');
export const int32 = primitive<number>('int32');
export const int64 = primitive<bigint>('int64');
export const float64 = primitive<number>('float64');
/** 22 characters of URL-safe base64, as Kafka prints it; the zero UUID (ZERO_UUID) where absent. */
export const uuid = primitive<string>('uuid');
export const string = primitive<string>('string');
export const bytes = primitive<Buffer>('bytes');
/** Record batches as they cross the wire; to be sent, they may be in several parts. */
export const records = primitive<Buffer, RecordBytes>('records');

export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** A list of structs. */
export function structs<const F extends Fields, const O extends FieldOptions<never>>(
  versions: Versions,
  fields: F,
  options?: O,
): Field<Nullable<Decoded<F>[], O>, Nullable<ReadonlyArray<Given<F>>, O>> {
  return { type: { kind: 'list', element: { kind: 'struct', fields } }, versions, options: options ?? {} };
}

/** A list of plain values. */
export function list<Out, In, const O extends FieldOptions<never>>(
  versions: Versions,
  element: Field<Out, In>,
  options?: O,
): Field<Nullable<Out[], O>, Nullable<readonly In[], O>> {
  return { type: { kind: 'list', element: element.type }, versions, options: options ?? {} };
}

export function struct<const F extends Fields, const O extends FieldOptions<never>>(
  versions: Versions,
  fields: F,
  options?: O,
): Field<Nullable<Decoded<F>, O>, Nullable<Given<F>, O>> {
  return { type: { kind: 'struct', fields }, versions, options: options ?? {} };
}

/** One request and its response. */
export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: number;
  readonly name: string;
  /** The versions that this table describes. */
  readonly versions: readonly [min: number, max: number];
  /** From this version on lengths are compact and fields can be tagged (KIP-482); undefined: never. */
  readonly flexibleFrom: number | undefined;
  readonly request: Request;
  readonly response: Response;
}

export function api<const Request extends Fields, const Response extends Fields>(
  table: Api<Request, Response>,
): Api<Request, Response> {
  return table;
}

/** What decoding a request gives, what encoding one takes, and so for responses. */
export type RequestOf<A> = A extends Api<infer Request, Fields> ? Decoded<Request> : never;
export type ResponseOf<A> = A extends Api<Fields, infer Response> ? Decoded<Response> : never;
export type ResponseInput<A> = A extends Api<Fields, infer Response> ? Given<Response> : never;

export function includes(versions: Versions, version: number): boolean {
  if (versions === 'none') return false;
  const [min, max] = versions.endsWith('+') ? [versions.slice(0, -1), undefined] : versions.split('-');
  if (version < Number(min)) return false;
  if (versions.endsWith('+')) return true;
  return version <= Number(max ?? min);
}
