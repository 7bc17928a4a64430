import { besideSubject, normalSubject } from './context.js';
import type { Request, Route } from './route.js';
import { SCHEMAS } from './schema-routes.js';
import { SETTINGS } from './setting-routes.js';
import { COMPATIBILITY, SUBJECTS } from './subject-routes.js';

/** Everything that the registry answers. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/', meaning: 'An empty object: the server is up.', handle: () => ({}) },
  ...SUBJECTS,
  ...SCHEMAS,
  ...SETTINGS,
  ...COMPATIBILITY,
  {
    method: 'GET',
    path: '/contexts',
    meaning: 'Names of contexts; the default one is `.`.',
    handle: (_, { registry }) => registry.contexts(),
  },
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

/** Below `/contexts/:context` subjects without a context are of that one, and so are ids and settings. */
export const CONTEXT_ROUTES: readonly Route[] = [...SUBJECTS, ...SCHEMAS, ...SETTINGS, ...COMPATIBILITY].map(
  (route) => ({
    ...route,
    path: `/contexts/:context${route.path}`,
    handle: (request, context) => route.handle(inContext(request), context),
  }),
);

function inContext(request: Request): Request {
  const { context = '', subject, ...others } = request.parameters;
  const home = normalSubject(`:${context.startsWith('.') ? context : `.${context}`}:`);
  const query = new URLSearchParams(request.query);
  for (const name of ['subject', 'subjectPrefix']) query.set(name, besideSubject(home, query.get(name) ?? ''));
  if (subject === undefined) query.set('defaultToGlobal', 'true');
  return { ...request, query, parameters: { ...others, subject: besideSubject(home, subject ?? '') } };
}
