import { pingCache } from '../../clients/cache/ping.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { ownDatabase } from '../database/logins.js';
import { databaseResource } from '../database/resource.js';
import { ensureOwnDatabase } from '../database/server.js';
import { reconcile } from '../resource.js';
import type { Session } from '../session.js';
import type { NodeReport } from '../walk.js';
import { documentsClient } from './client.js';
import { store } from './component.js';
import { STORE_MISSING } from './programs.js';
import type { StoreSection } from './section.js';

/**
 * Starts a store and waits until it answers; true where that changed anything. An optional one that is not available is left
 * out, with a note; services that refer to it are told an empty address. Throws EVPIPE_STORE_MISSING for any other.
 */
export async function prepareStore(
  section: StoreSection,
  session: Session,
  wait: NodeReport & { readonly timeoutMs: number },
): Promise<boolean> {
  let changed: boolean;
  try {
    changed = await session.start(store(section.name));
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.code !== STORE_MISSING) throw failure;
    if (!section.optional) throw missing(section, failure);
    session.emit({ kind: 'note', level: 'info', message: `store ${section.name} is left out: ${failure.message}` });
    return false;
  }
  const made = section.kind === 'documents' ? await prepareDocuments(section, session, wait) : false;
  await answers(section, session);
  return changed || made;
}

function missing({ name, kind, location }: StoreSection, { code, message, todo }: EvpipeError): EvpipeError {
  return new EvpipeError(code, `store ${name} (${kind}) is not available: ${message}`, {
    location,
    ...(todo === undefined ? {} : { todo }),
  });
}

/** Documents in PostgreSQL have a database of their own, which evpipe makes on a server of its own. */
async function prepareDocuments(
  section: StoreSection,
  session: Session,
  wait: NodeReport & { readonly timeoutMs: number },
): Promise<boolean> {
  const { host } = await session.clients.endpoint(store(section.name));
  if (!isPostgres(host.url)) return false;
  if (host.ours) return ensureOwnDatabase(await ownDatabase(session, 'stores', section.name, host), wait.signal);
  const { name, location } = section;
  await reconcile(
    databaseResource,
    { name, location, url: host.url, ours: false, migrations: [] },
    { administrator: host.url, signal: wait.signal, liveness: session.clients.liveness },
    wait,
  );
  return false;
}

/** An optional one that does not answer holds nothing up: its readers have to cope with that at any time. */
async function answers(section: StoreSection, session: Session): Promise<void> {
  try {
    await examineStore(section, session);
  } catch (failure) {
    session.signal.throwIfAborted();
    if (!section.optional) throw failure;
    const message = `store ${section.name} does not answer, and is optional: ${messageOf(failure)}`;
    session.emit({ kind: 'note', level: 'warning', message });
  }
}

/** What answers there, in a few words; throws what it answers instead. */
export async function examineStore(section: StoreSection, session: Session): Promise<string> {
  const { host } = await session.clients.endpoint(store(section.name));
  if (section.kind === 'cache') return `Redis ${await pingCache(host.url, session.signal)}`;
  const documents = await documentsClient(session.clients, section.name);
  try {
    return await documents.version();
  } finally {
    await documents.close();
  }
}

/** Of the line that `up` shows: `customers in PostgreSQL, cache :6379`. */
export async function storesDetail(session: Session): Promise<readonly string[]> {
  return Promise.all(
    session.pipeline.stores.map(async ({ name, kind }) => {
      const endpoint = await session.target.endpoint(store(name));
      if (endpoint === undefined) return `${name} left out`;
      const { url } = endpoint.host;
      if (kind === 'cache') return `${name} :${new URL(url).port || '6379'}`;
      return `${name} in ${isPostgres(url) ? 'PostgreSQL' : 'MongoDB'}`;
    }),
  );
}

const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);
