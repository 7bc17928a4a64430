import { lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EvpipeError } from './errors.js';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** In order of preference; the first that exists is taken, none is created. */
const UNPRIVILEGED = ['postgres', 'nobody', 'daemon'];

/**
 * PostgreSQL refuses to run as root. Undefined: we are not root, it runs as we do.
 * Throws EVPIPE_POSTGRES_NO_ACCOUNT where none of the usual accounts exists.
 */
export function unprivilegedAccount(
  passwd: () => string = () => readFileSync('/etc/passwd', 'utf8'),
): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = passwd()
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name: name ?? '', uid: Number(uid), gid: Number(gid) }))
    .filter((account) => account.uid > 0 && account.gid > 0);
  for (const name of UNPRIVILEGED) {
    const account = accounts.find((candidate) => candidate.name === name);
    if (account !== undefined) return account;
  }
  throw new EvpipeError(
    'EVPIPE_POSTGRES_NO_ACCOUNT',
    `PostgreSQL refuses to run as root, and none of the accounts ${UNPRIVILEGED.join(', ')} exists here`,
    { todo: 'Run evpipe as an ordinary user.' },
  );
}

/** Whether the account can pass every folder down to `path` and read what is there. */
export function canReach(account: Account, path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (!allows(account, folder, 0o1)) return false;
    if (folder === dirname(folder)) break;
  }
  return allows(account, path, lstatSync(path).isDirectory() ? 0o5 : 0o4);
}

/** `bits`: what is asked for, as one octal digit (4 read, 1 pass). */
function allows(account: Account, path: string, bits: number): boolean {
  const { mode, uid, gid } = statSync(path);
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}
