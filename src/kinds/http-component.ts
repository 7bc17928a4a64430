import type { HttpAddress } from '../clients/http/json-client.js';
import type { TlsFiles } from '../support/tls-files.js';
import { furtherTls, writtenTls } from '../support/tls-variables.js';
import { type AddressContext, eachFace, type Faces, HOST } from '../targets/component.js';
import type { PipelineSecrets } from '../targets/secrets.js';
import { absoluteTls, referredTls, TLS_FIELDS } from './tls-address.js';

/** What the components that speak HTTP have in common. */

/** No trailing slash; user and password, if any, are in the URL. Files by absolute paths. */
export type HttpEndpoint = HttpAddress;

/** As the file has it. */
export interface HttpServerAddress {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  readonly ssl?: TlsFiles | undefined;
}

export const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

/** `EVPIPE_CONNECT_URL` for `CONNECT`. */
export const httpAddress = (variable: string) => ({
  variable: [variable, 'URL'] as const,
  form: 'http://host:port',
  written: (url: string, further: (field: string) => string | undefined): HttpServerAddress => ({
    url,
    token: further('TOKEN'),
    ssl: writtenTls(further),
  }),
  endpoint: httpEndpoint,
  text: ({ url }: HttpEndpoint) => url,
  credentials: ({ token, ssl }: HttpEndpoint) => ({ TOKEN: token, ...furtherTls(ssl) }),
  referred: ({ url, token = '', ssl }: HttpEndpoint) => ({ ...loginIn(url), token, ...referredTls(ssl) }),
});

/** What `$(schemaRegistry.…)` and its like offer. */
export const HTTP_FIELDS = ['url', 'username', 'password', 'token', ...TLS_FIELDS] as const;

function httpEndpoint(
  { url, username, password = '', token, ssl }: HttpServerAddress,
  { folder }: AddressContext,
): HttpEndpoint | undefined {
  if (!URL.canParse(url)) return undefined;
  return {
    url: withoutSlash(username === undefined ? url : withLogin(url, username, password)),
    ...(token !== undefined && { token }),
    ...(ssl !== undefined && { ssl: absoluteTls(ssl, folder) }),
  };
}

/** Confluent's clients, too, look for the login of a registry in its URL first. */
export function withLogin(url: string, username: string, password: string): string {
  const at = new URL(url);
  at.username = encodeURIComponent(username);
  at.password = encodeURIComponent(password);
  return at.href;
}

function loginIn(url: string): { readonly username: string; readonly password: string } {
  const { username, password } = new URL(url);
  return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
}

export const httpOnHost = (port: number | undefined): HttpEndpoint => ({ url: `http://${HOST}:${port}` });

/** A server of evpipe's own, which asks for a login where the pipeline is private. */
export const loginOnHost =
  (process: string) =>
  (port: number | undefined, secrets: PipelineSecrets): HttpEndpoint => {
    const login = secrets.login(process);
    const { url } = httpOnHost(port);
    return { url: login === undefined ? url : withoutSlash(withLogin(url, login.username, login.password)) };
  };

/** A container of compose/NAME.yaml that publishes one port. */
export const httpContainer = (container: string, variable: string, inside: number, preferred = inside) => ({
  container,
  source: { fragment: container },
  ports: { [variable]: { preferred, inside } },
  endpoint: (published: (variable: string) => Faces<{ readonly host: string; readonly port: number }>) =>
    eachFace(published(variable), ({ host, port }): HttpEndpoint => ({ url: `http://${host}:${port}` })),
});
