import { fieldsOf } from '../../../support/plain-object.js';
import { RestFailure } from './failure.js';
import { NO_CONTENT, ok, type Route } from './route.js';
import { KAFKA_COMMIT, KAFKA_VERSION } from './version.js';

const LEVELS = ['OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE', 'ALL'];

/** The worker itself: who it is, whether it lives, and its loggers (kept, though nothing here has levels). */
export const ADMIN_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/',
    handle: (_request, { clusterId }) =>
      ok({ version: KAFKA_VERSION, commit: KAFKA_COMMIT, kafka_cluster_id: clusterId }),
  },
  {
    method: 'GET',
    path: '/health',
    handle: () => ok({ status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' }),
  },
  { method: 'GET', path: '/admin/loggers', handle: (_request, { loggers }) => ok(Object.fromEntries(loggers)) },
  {
    method: 'GET',
    path: '/admin/loggers/:logger',
    handle({ parameters }, { loggers }) {
      const level = loggers.get(parameters.logger ?? '');
      if (level === undefined) throw new RestFailure(404, `Logger ${parameters.logger} not found.`);
      return ok(level);
    },
  },
  {
    method: 'PUT',
    path: '/admin/loggers/:logger',
    handle({ parameters, body, query }, { loggers, clock }) {
      const { level: given } = fieldsOf(body);
      if (given === undefined || given === null)
        throw new RestFailure(400, "Desired 'level' parameter was not specified in request.");
      const level = String(given).toUpperCase();
      if (!LEVELS.includes(level)) throw new RestFailure(404, `invalid log level '${String(given)}'.`);
      loggers.set(parameters.logger ?? '', { level, last_modified: clock() });
      // KIP-976: with scope=cluster all workers are told, and none says which loggers it has.
      return query.get('scope')?.toLowerCase() === 'cluster' ? NO_CONTENT : ok([parameters.logger]);
    },
  },
];
