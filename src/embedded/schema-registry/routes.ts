import type { Call } from '../../http/api.js';
import type { GivenSchema, Registry } from './registry.js';
import { invalidSchema, RegistryError } from './registry-error.js';
import { besides, SCHEMA_TYPES, type StoredSchema } from './schemas-topic.js';

type Request = Call<unknown>;

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

const flag = (query: URLSearchParams, name: string): boolean => query.get(name)?.toLowerCase() === 'true';
const subjectOf = ({ parameters }: Request): string => parameters.subject ?? '';
const versionOf = ({ parameters }: Request): string => parameters.version ?? '';
const idAt = (request: Request): number => {
  const text = request.parameters.id ?? '';
  if (!/^\d{1,10}$/.test(text)) throw new RegistryError(404, 'HTTP 404 Not Found');
  return Number(text);
};

/** As clients see a version; the type is left out where it is AVRO, as the original does. */
const versionAnswer = (stored: StoredSchema) => ({
  subject: stored.subject,
  version: stored.version,
  id: stored.id,
  ...besides(stored),
  schema: stored.schema,
});

const subjectVersion = ({ subject, version }: StoredSchema) => ({ subject, version });

const bySubject = (a: StoredSchema, b: StoredSchema) =>
  a.subject === b.subject ? a.version - b.version : a.subject < b.subject ? -1 : 1;

function page<T>(items: readonly T[], query: URLSearchParams): readonly T[] {
  const offset = Number(query.get('offset') ?? 0);
  const limit = Number(query.get('limit') ?? -1);
  return limit < 0 ? items.slice(offset) : items.slice(offset, offset + limit);
}

function givenSchema(body: unknown): GivenSchema {
  const object = objectOf(body);
  const { schema, schemaType, references, id, version, metadata, ruleSet } = object;
  if (typeof schema !== 'string') throw invalidSchema('Empty schema');
  if (references !== undefined && references !== null && !Array.isArray(references)) {
    throw new RegistryError(400, 'references must be a list');
  }
  return {
    schema,
    schemaType: typeof schemaType === 'string' ? schemaType : 'AVRO',
    references: (references ?? []).map((reference: unknown) => {
      const { name, subject, version: referenced } = objectOf(reference);
      if (typeof name !== 'string' || typeof subject !== 'string' || typeof referenced !== 'number') {
        throw new RegistryError(400, 'a reference has a name, a subject and a version');
      }
      return { name, subject, version: referenced };
    }),
    id: typeof id === 'number' && id > 0 ? id : undefined,
    version: typeof version === 'number' && version > 0 ? version : undefined,
    metadata: metadata === undefined || metadata === null ? undefined : objectOf(metadata),
    ruleSet: ruleSet === undefined || ruleSet === null ? undefined : objectOf(ruleSet),
  };
}

function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RegistryError(400, 'a JSON object was expected');
  }
  return body as Readonly<Record<string, unknown>>;
}

function compatibilityAnswer(request: Request, { registry }: Context): unknown {
  const normalize = flag(request.query, 'normalize');
  const messages = registry.checkCompatibility(
    subjectOf(request),
    request.parameters.version,
    givenSchema(request.body),
    normalize,
  );
  const verbose = flag(request.query, 'verbose') ? { messages } : {};
  return { is_compatible: messages.length === 0, ...verbose };
}

const SUBJECTS: readonly Route[] = [
  {
    method: 'GET',
    path: '/subjects',
    meaning: 'Names of subjects. Query: subjectPrefix, deleted, deletedOnly, offset, limit.',
    handle: ({ query }, { registry }) =>
      page(
        registry.subjects({
          deleted: flag(query, 'deleted'),
          deletedOnly: flag(query, 'deletedOnly'),
          prefix: query.get('subjectPrefix')?.replace(/^:\*:/, '') ?? '',
        }),
        query,
      ),
  },
  {
    method: 'POST',
    path: '/subjects/:subject',
    meaning: 'The version of a subject that has the schema in the body. Query: normalize, deleted.',
    handle: (request, { registry }) =>
      versionAnswer(
        registry.lookUp(subjectOf(request), givenSchema(request.body), {
          normalize: flag(request.query, 'normalize'),
          deleted: flag(request.query, 'deleted'),
        }),
      ),
  },
  {
    method: 'DELETE',
    path: '/subjects/:subject',
    meaning: 'Deletes a subject: softly, then with permanent=true for good.',
    handle: (request, { registry }) => registry.deleteSubject(subjectOf(request), flag(request.query, 'permanent')),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions',
    meaning: 'Numbers of a subject’s versions. Query: deleted, deletedOnly, offset, limit.',
    handle: (request, { registry }) =>
      page(
        registry.versions(subjectOf(request), {
          deleted: flag(request.query, 'deleted'),
          deletedOnly: flag(request.query, 'deletedOnly'),
        }),
        request.query,
      ),
  },
  {
    method: 'POST',
    path: '/subjects/:subject/versions',
    meaning: 'Registers a schema, or finds it registered. Query: normalize.',
    handle: async (request, { registry }) => ({
      id: await registry.register(subjectOf(request), givenSchema(request.body), flag(request.query, 'normalize')),
    }),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions/:version',
    meaning: 'One version, or `latest`. Query: deleted.',
    handle: (request, { registry }) =>
      versionAnswer(registry.version(subjectOf(request), versionOf(request), flag(request.query, 'deleted'))),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions/:version/schema',
    meaning: 'Its schema alone. Query: deleted.',
    handle: (request, { registry }) =>
      new RawText(registry.version(subjectOf(request), versionOf(request), flag(request.query, 'deleted')).schema),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions/:version/referencedby',
    meaning: 'Ids of the schemas that refer to it.',
    handle: (request, { registry }) => registry.referrers(subjectOf(request), versionOf(request)),
  },
  {
    method: 'DELETE',
    path: '/subjects/:subject/versions/:version',
    meaning: 'Deletes a version: softly, then with permanent=true for good.',
    handle: (request, { registry }) =>
      registry.deleteVersion(subjectOf(request), versionOf(request), flag(request.query, 'permanent')),
  },
];

const SCHEMAS: readonly Route[] = [
  {
    method: 'GET',
    path: '/schemas',
    meaning: 'Versions of all subjects. Query: subjectPrefix, deleted, latestOnly, offset, limit.',
    handle: ({ query }, { registry }) =>
      page(
        registry.schemas({
          deleted: flag(query, 'deleted'),
          latestOnly: flag(query, 'latestOnly'),
          prefix: query.get('subjectPrefix')?.replace(/^:\*:/, '') ?? '',
        }),
        query,
      ).map(versionAnswer),
  },
  {
    method: 'GET',
    path: '/schemas/types',
    meaning: 'The types of schemas that are accepted.',
    handle: () => Object.keys(SCHEMA_TYPES),
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id',
    meaning: 'A schema by its id.',
    handle: (request, { registry }) => {
      const stored = registry.byId(idAt(request));
      return { schema: stored.schema, ...besides(stored) };
    },
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id/schema',
    meaning: 'Its text alone.',
    handle: (request, { registry }) => new RawText(registry.byId(idAt(request)).schema),
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id/subjects',
    meaning: 'Subjects that have it. Query: deleted.',
    handle: (request, { registry }) => [
      ...new Set(
        [...registry.users(idAt(request), flag(request.query, 'deleted'))].sort(bySubject).map((user) => user.subject),
      ),
    ],
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id/versions',
    meaning: 'Subjects and versions that have it. Query: deleted.',
    handle: (request, { registry }) =>
      [...registry.users(idAt(request), flag(request.query, 'deleted'))].sort(bySubject).map(subjectVersion),
  },
];

const SETTINGS: readonly Route[] = [
  {
    method: 'GET',
    path: '/config',
    meaning: 'The compatibility level for all subjects.',
    handle: (_, { registry }) => ({ compatibilityLevel: registry.level(null) }),
  },
  {
    method: 'PUT',
    path: '/config',
    meaning: 'Sets it.',
    handle: async ({ body }, { registry }) => ({
      compatibility: await registry.setLevel(null, objectOf(body).compatibility),
    }),
  },
  {
    method: 'DELETE',
    path: '/config',
    meaning: 'Sets it back to the default.',
    handle: async (_, { registry }) => ({ compatibilityLevel: await registry.deleteLevel(null) }),
  },
  {
    method: 'GET',
    path: '/config/:subject',
    meaning: 'A subject’s own level. Query: defaultToGlobal.',
    handle: (request, { registry }) => ({
      compatibilityLevel: registry.level(subjectOf(request), flag(request.query, 'defaultToGlobal')),
    }),
  },
  {
    method: 'PUT',
    path: '/config/:subject',
    meaning: 'Sets it.',
    handle: async (request, { registry }) => ({
      compatibility: await registry.setLevel(subjectOf(request), objectOf(request.body).compatibility),
    }),
  },
  {
    method: 'DELETE',
    path: '/config/:subject',
    meaning: 'Removes it: the level for all subjects applies again.',
    handle: async (request, { registry }) => ({ compatibilityLevel: await registry.deleteLevel(subjectOf(request)) }),
  },
  {
    method: 'GET',
    path: '/mode',
    meaning: 'The mode for all subjects.',
    handle: (_, { registry }) => ({ mode: registry.mode(null) }),
  },
  {
    method: 'PUT',
    path: '/mode',
    meaning: 'Sets it. Query: force.',
    handle: async ({ body, query }, { registry }) => ({
      mode: await registry.setMode(null, objectOf(body).mode, flag(query, 'force')),
    }),
  },
  {
    method: 'GET',
    path: '/mode/:subject',
    meaning: 'A subject’s own mode. Query: defaultToGlobal.',
    handle: (request, { registry }) => ({
      mode: registry.mode(subjectOf(request), flag(request.query, 'defaultToGlobal')),
    }),
  },
  {
    method: 'PUT',
    path: '/mode/:subject',
    meaning: 'Sets it. Query: force.',
    handle: async (request, { registry }) => ({
      mode: await registry.setMode(subjectOf(request), objectOf(request.body).mode, flag(request.query, 'force')),
    }),
  },
  {
    method: 'DELETE',
    path: '/mode/:subject',
    meaning: 'Removes it.',
    handle: async (request, { registry }) => ({ mode: await registry.deleteMode(subjectOf(request)) }),
  },
];

/** Everything that the registry answers. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/', meaning: 'An empty object: the server is up.', handle: () => ({}) },
  ...SUBJECTS,
  ...SCHEMAS,
  ...SETTINGS,
  {
    method: 'POST',
    path: '/compatibility/subjects/:subject/versions',
    meaning:
      'Whether the schema in the body is compatible with the versions that the level names. Query: normalize, verbose.',
    handle: compatibilityAnswer,
  },
  {
    method: 'POST',
    path: '/compatibility/subjects/:subject/versions/:version',
    meaning: 'The same with one version.',
    handle: compatibilityAnswer,
  },
  { method: 'GET', path: '/contexts', meaning: 'The default context alone.', handle: () => ['.'] },
  {
    method: 'GET',
    path: '/v1/metadata/id',
    meaning: 'The id of the Kafka cluster.',
    handle: async (_, { clusterId }) => ({
      id: '',
      scope: {
        path: [],
        clusters: { 'kafka-cluster': await clusterId(), 'schema-registry-cluster': 'schema-registry' },
      },
    }),
  },
  {
    method: 'GET',
    path: '/v1/metadata/version',
    meaning: 'The version that the registry reports.',
    handle: () => ({ version: '7.9.0', commitId: '' }),
  },
];
