import { connectPostgres, type PostgresClient } from '../../clients/postgres/client.js';
import { EvpipeError } from '../../support/errors.js';
import type { Holder } from '../../targets/roles.js';
import type { Clients } from '../clients.js';
import { database, type PostgresEndpoint } from './component.js';

type Settings = Readonly<Record<string, string>>;

/** A connection of its own for the caller, who may read and stream on it; closed with the session at the latest. */
export const databaseClient = (clients: Clients, name: string, settings?: Settings): Promise<PostgresClient> =>
  databaseClientAs(clients, 'reader', name, settings);

/** The same with another role's login. */
export async function databaseClientAs(
  clients: Clients,
  holder: Holder,
  name: string,
  settings: Settings = {},
): Promise<PostgresClient> {
  const { host } = await clients.endpoint(database(name));
  return connected(clients, clients.target.as(host, holder), settings);
}

/**
 * The same as the superuser of a server of evpipe's own; on others as the user given. For statements of evpipe's own
 * that run nothing of the pipeline's: a view or a trigger would run with all its rights.
 */
export async function administratorClient(clients: Clients, name: string): Promise<PostgresClient> {
  const { host } = await clients.endpoint(database(name));
  return connected(clients, host, {});
}

async function connected(
  clients: Clients,
  { url, ours }: PostgresEndpoint,
  settings: Settings,
): Promise<PostgresClient> {
  const client = await connectPostgres({ url, settings, signal: clients.signal, liveness: clients.liveness }).catch(
    (failure: unknown) => {
      throw ours ? withoutRole(failure) : failure;
    },
  );
  return clients.closing(client);
}

/** A refused login to a server of evpipe's own: `up` of an older evpipe has made no roles. */
function withoutRole(failure: unknown): unknown {
  if (!(failure instanceof EvpipeError) || !/_28(P01|000)$/.test(failure.code)) return failure;
  const { code, message, kind } = failure;
  return new EvpipeError(code, message, {
    kind,
    cause: failure,
    todo: 'Run `evpipe up`, which creates the roles, then try again.',
  });
}
