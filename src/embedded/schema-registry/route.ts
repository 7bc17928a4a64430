import type { Call } from '../../http/api.js';
import { isPlainObject } from '../../support/plain-object.js';
import { normalSubject } from './context.js';
import type { Registry } from './registry.js';
import { RegistryError } from './registry-error.js';
import { besides, type StoredSchema } from './schemas-topic.js';

export type Request = Call<unknown>;

export interface Context {
  readonly registry: Registry;
  readonly clusterId: () => Promise<string>;
}

type Handler = (request: Request, context: Context) => unknown | Promise<unknown>;

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly meaning: string;
  readonly handle: Handler;
}

/** A schema's text itself, not a JSON document about it. */
export class RawText {
  constructor(readonly text: string) {}
}

export const flag = (query: URLSearchParams, name: string): boolean => query.get(name)?.toLowerCase() === 'true';

/** Of the path, or what it is an alias for. */
export const subjectOf = ({ parameters }: Request, { registry }: Context): string =>
  registry.settings.aliased(normalSubject(parameters.subject ?? ''));

/** Of the query, by which ids are looked up in its context. */
export const querySubject = ({ query }: Request, { registry }: Context): string =>
  registry.settings.aliased(normalSubject(query.get('subject') ?? ''));

/** As clients see a version; the type is left out where it is AVRO, as the original does. */
export const versionAnswer = (stored: StoredSchema) => ({
  subject: stored.subject,
  version: stored.version,
  id: stored.id,
  ...besides(stored),
  schema: stored.schema,
});

/** Query: format. */
export const inGivenFormat = (stored: StoredSchema, { query }: Request, { registry }: Context): StoredSchema =>
  registry.inFormat(stored, query.get('format') ?? '');

export const subjectVersion = ({ subject, version }: StoredSchema) => ({ subject, version });

export const bySubject = (a: StoredSchema, b: StoredSchema) =>
  a.subject === b.subject ? a.version - b.version : a.subject < b.subject ? -1 : 1;

export function page<T>(items: readonly T[], query: URLSearchParams): readonly T[] {
  const offset = Number(query.get('offset') ?? 0);
  const limit = Number(query.get('limit') ?? -1);
  return limit < 0 ? items.slice(offset) : items.slice(offset, offset + limit);
}

export function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (!isPlainObject(body)) throw new RegistryError(400, 'a JSON object was expected');
  return body;
}
