import { parseReference } from '../../pipeline/references.js';
import type { UrlAddress } from '../../targets/component.js';
import { operationsOf } from '../kind.js';
import type { Login, RefersToIt } from '../login.js';
import type { Session } from '../session.js';
import type { OwnDatabase } from './server.js';

/** Of all that are told of it, the owner and the reader first. */
export async function loginsOf(
  { pipeline, kinds }: Session,
  section: 'databases' | 'stores',
  name: string,
): Promise<readonly Login[]> {
  const refers: RefersToIt = (references) =>
    references.map(parseReference).some((one) => one.head === section && one.name === name);
  const loaded = await operationsOf(kinds);
  return [
    { holder: 'owner', rights: ['own'] },
    { holder: 'reader', rights: ['read'] },
    ...loaded.flatMap(({ operations }) => operations.logins?.(pipeline, refers) ?? []),
  ];
}

/** For its server, with the logins of all who are told of it. */
export async function ownDatabase(
  session: Session,
  section: 'databases' | 'stores',
  name: string,
  superuser: UrlAddress,
): Promise<OwnDatabase> {
  const { target } = session;
  const roles = (await loginsOf(session, section, name)).map(({ holder, rights }) => ({
    holder,
    rights,
    password: new URL(target.as(superuser, holder).url).password,
  }));
  return { url: superuser.url, roles, liveness: session.clients.liveness };
}
