import { RegistryError } from './registry-error.js';
import {
  bySubject,
  type Context,
  flag,
  inGivenFormat,
  page,
  querySubject,
  RawText,
  type Request,
  type Route,
  subjectVersion,
  versionAnswer,
} from './route.js';
import { besides, SCHEMA_TYPES, type StoredSchema } from './schemas-topic.js';

const idAt = (request: Request): number => {
  const text = request.parameters.id ?? '';
  if (!/^\d{1,10}$/.test(text)) throw new RegistryError(404, 'HTTP 404 Not Found');
  return Number(text);
};

const usersAt = (request: Request, context: Context): readonly StoredSchema[] =>
  [
    ...context.registry.users(idAt(request), {
      subject: querySubject(request, context),
      deleted: flag(request.query, 'deleted'),
    }),
  ].sort(bySubject);

export const SCHEMAS: readonly Route[] = [
  {
    method: 'GET',
    path: '/schemas',
    meaning: 'Versions of all subjects. Query: subjectPrefix, deleted, latestOnly, offset, limit.',
    handle: ({ query }, { registry }) =>
      page(
        registry.schemas({
          deleted: flag(query, 'deleted'),
          latestOnly: flag(query, 'latestOnly'),
          prefix: query.get('subjectPrefix') ?? ':*:',
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
    meaning: 'A schema by its id, of the subject’s context. Query: subject, format, fetchMaxId.',
    handle: (request, context) => {
      const subject = querySubject(request, context);
      const stored = inGivenFormat(context.registry.byId(idAt(request), subject), request, context);
      const most = flag(request.query, 'fetchMaxId') ? { maxId: context.registry.maxId(subject) } : {};
      return { schema: stored.schema, ...besides(stored), ...most };
    },
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id/schema',
    meaning: 'Its text alone. Query: subject, format.',
    handle: (request, context) =>
      new RawText(
        inGivenFormat(context.registry.byId(idAt(request), querySubject(request, context)), request, context).schema,
      ),
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id/subjects',
    meaning: 'Subjects that have it. Query: subject, deleted.',
    handle: (request, context) => [...new Set(usersAt(request, context).map((user) => user.subject))],
  },
  {
    method: 'GET',
    path: '/schemas/ids/:id/versions',
    meaning: 'Subjects and versions that have it. Query: subject, deleted.',
    handle: (request, context) => usersAt(request, context).map(subjectVersion),
  },
];
