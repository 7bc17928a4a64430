import { resolve } from 'node:path';
import { EvpipeError } from './errors.js';

/** The TLS parameters of a PostgreSQL URL, by libpq's names: https://www.postgresql.org/docs/current/libpq-ssl.html */

export const SSL_PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const;
type SslParameter = (typeof SSL_PARAMETERS)[number];
export type SslParameters = Readonly<Partial<Record<SslParameter, string | undefined>>>;

/** libpq's without `allow`, which logs in without TLS and takes it only where the server refuses that: nobody can want it. */
export const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** libpq's word for the authorities that the system trusts, in place of a file. */
export const SYSTEM_AUTHORITIES = 'system';

/** Only those that the URL has. */
export const sslParametersOf = (url: string): GivenParameters =>
  URL.canParse(url) ? sslParametersIn(new URL(url).searchParams) : {};

export const sslParametersIn = (query: URLSearchParams): GivenParameters => given((name) => query.get(name));

/** What the URL says itself wins. A relative path is one of `folder`. */
export function withSslParameters(url: string, beside: SslParameters, folder: string): string {
  const parameters = { ...given((name) => beside[name]), ...sslParametersOf(url) };
  if (Object.keys(parameters).length === 0) return url;
  const at = new URL(url);
  for (const [name, value] of Object.entries(parameters))
    at.searchParams.set(name, isPath(name, value) ? resolve(folder, value) : value);
  return at.href;
}

export function withoutSslParameters(url: string): string {
  if (Object.keys(sslParametersOf(url)).length === 0) return url;
  const at = new URL(url);
  for (const name of SSL_PARAMETERS) at.searchParams.delete(name);
  return at.href;
}

/** `prefer` where nothing is said, as libpq and Java's driver have it. Throws EVPIPE_POSTGRES_TLS (kind usage) for what can't be meant. */
export function sslModeOf({ sslmode = 'prefer', sslrootcert, sslcert, sslkey }: SslParameters): SslMode {
  const mode = SSL_MODES.find((one) => one === sslmode);
  if (sslmode === 'allow')
    throw wrong(
      'sslmode=allow would log in without TLS first, and is not supported; prefer takes TLS where the server has it',
    );
  if (mode === undefined) throw wrong(`sslmode=${sslmode} is none of ${SSL_MODES.join(', ')}`);
  if ((sslcert === undefined) !== (sslkey === undefined)) throw wrong('sslcert and sslkey belong together');
  if (sslrootcert === SYSTEM_AUTHORITIES && mode !== 'verify-full')
    throw wrong(`sslrootcert=${SYSTEM_AUTHORITIES} needs sslmode=verify-full: anybody can have such a certificate`);
  if (mode === 'verify-ca' && sslrootcert === undefined)
    throw wrong(
      'sslmode=verify-ca needs sslrootcert: of the authorities of the system, anybody can have a certificate',
    );
  return mode;
}

type GivenParameters = Readonly<Partial<Record<SslParameter, string>>>;

const given = (value: (name: SslParameter) => string | null | undefined): GivenParameters =>
  Object.fromEntries(SSL_PARAMETERS.flatMap((name) => (value(name) ? [[name, value(name)]] : [])));

const isPath = (name: string, value: string): boolean =>
  name !== 'sslmode' && !(name === 'sslrootcert' && value === SYSTEM_AUTHORITIES);

const wrong = (message: string): EvpipeError =>
  new EvpipeError('EVPIPE_POSTGRES_TLS', `TLS of a PostgreSQL address: ${message}`, {
    kind: 'usage',
    todo: 'Correct it in the URL of the database, or beside it under targets.',
  });
