import { shortName } from '../support/short-name.js';
import type { Endpoint } from './component.js';

/**
 * What logs in to databases under names of its own. Each kind adds itself by declaration merging: `service` makes
 * `service/planning` a holder.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the kinds merge their logins into it
export interface LoginKinds {}

/**
 * Who logs in to a database that evpipe has started. `owner`: migrations, seeds and psql. `reader`: checks and all that
 * evpipe itself reads.
 */
export type Holder = 'owner' | 'reader' | keyof LoginKinds | `${keyof LoginKinds}/${string}`;

/** PostgreSQL cuts longer names off. */
const NAME_BYTES_MAX = 63;

/** `person/service/planning`: unique within a server, since no declared name holds a slash. */
export const roleName = (database: string, holder: Holder): string =>
  shortName(`${database}/${holder}`, NAME_BYTES_MAX, '~');

/** The same database with this role's login. What is no PostgreSQL of evpipe's own has the one login that it was given. */
export function withRole<E extends Endpoint>(endpoint: E, holder: Holder, passwordOf: (role: string) => string): E {
  if (!('ours' in endpoint) || !endpoint.ours || !/^postgres(ql)?:/.test(endpoint.url)) return endpoint;
  const url = new URL(endpoint.url);
  const user = roleName(decodeURIComponent(url.pathname.slice(1)), holder);
  const password = passwordOf(user);
  url.username = encodeURIComponent(user);
  url.password = password;
  return { ...endpoint, ...('user' in endpoint && { user, password }), url: url.href };
}
