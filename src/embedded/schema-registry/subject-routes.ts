import type { GivenSchema } from './registry.js';
import { invalidSchema, RegistryError } from './registry-error.js';
import {
  type Context,
  flag,
  inGivenFormat,
  objectOf,
  page,
  RawText,
  type Request,
  type Route,
  subjectOf,
  versionAnswer,
} from './route.js';
import type { StoredSchema } from './schemas-topic.js';

const versionOf = ({ parameters }: Request): string => parameters.version ?? '';

const versionAt = (request: Request, context: Context): StoredSchema =>
  inGivenFormat(
    context.registry.version(subjectOf(request, context), versionOf(request), flag(request.query, 'deleted')),
    request,
    context,
  );

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

function compatibilityAnswer(request: Request, context: Context): unknown {
  const normalize = flag(request.query, 'normalize');
  const messages = context.registry.checkCompatibility(
    subjectOf(request, context),
    request.parameters.version,
    givenSchema(request.body),
    normalize,
  );
  const verbose = flag(request.query, 'verbose') ? { messages } : {};
  return { is_compatible: messages.length === 0, ...verbose };
}

export const SUBJECTS: readonly Route[] = [
  {
    method: 'GET',
    path: '/subjects',
    meaning: 'Names of subjects. Query: subjectPrefix, deleted, deletedOnly, offset, limit.',
    handle: ({ query }, { registry }) =>
      page(
        registry.subjects({
          deleted: flag(query, 'deleted'),
          deletedOnly: flag(query, 'deletedOnly'),
          prefix: query.get('subjectPrefix') ?? ':*:',
        }),
        query,
      ),
  },
  {
    method: 'POST',
    path: '/subjects/:subject',
    meaning: 'The version of a subject that has the schema in the body. Query: normalize, format, deleted.',
    handle: (request, context) => {
      const found = context.registry.lookUp(subjectOf(request, context), givenSchema(request.body), {
        normalize: flag(request.query, 'normalize'),
        deleted: flag(request.query, 'deleted'),
      });
      return versionAnswer(inGivenFormat(found, request, context));
    },
  },
  {
    method: 'DELETE',
    path: '/subjects/:subject',
    meaning: 'Deletes a subject: softly, then with permanent=true for good.',
    handle: (request, context) =>
      context.registry.deleteSubject(subjectOf(request, context), flag(request.query, 'permanent')),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/metadata',
    meaning:
      'The newest version whose metadata has the properties `key` of the values `value`. Query: key, value, format, deleted.',
    handle: (request, context) => {
      const values = request.query.getAll('value');
      const properties = new Map(request.query.getAll('key').map((key, at) => [key, values[at] ?? '']));
      const subject = subjectOf(request, context);
      const found = context.registry.withMetadata(subject, properties, flag(request.query, 'deleted'));
      return versionAnswer(inGivenFormat(found, request, context));
    },
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions',
    meaning: 'Numbers of a subject’s versions. Query: deleted, deletedOnly, offset, limit.',
    handle: (request, context) =>
      page(
        context.registry.versions(subjectOf(request, context), {
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
    handle: async (request, context) => ({
      id: await context.registry.register(
        subjectOf(request, context),
        givenSchema(request.body),
        flag(request.query, 'normalize'),
      ),
    }),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions/:version',
    meaning: 'One version, or `latest`. Query: format, deleted.',
    handle: (request, context) => versionAnswer(versionAt(request, context)),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions/:version/schema',
    meaning: 'Its schema alone. Query: format, deleted.',
    handle: (request, context) => new RawText(versionAt(request, context).schema),
  },
  {
    method: 'GET',
    path: '/subjects/:subject/versions/:version/referencedby',
    meaning: 'Ids of the schemas that refer to it.',
    handle: (request, context) => context.registry.referrers(subjectOf(request, context), versionOf(request)),
  },
  {
    method: 'DELETE',
    path: '/subjects/:subject/versions/:version',
    meaning: 'Deletes a version: softly, then with permanent=true for good.',
    handle: (request, context) =>
      context.registry.deleteVersion(subjectOf(request, context), versionOf(request), flag(request.query, 'permanent')),
  },
];

export const COMPATIBILITY: readonly Route[] = [
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
];
