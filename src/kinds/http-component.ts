import { eachFace, type Faces, HOST } from '../targets/component.js';

/** What the components that speak HTTP have in common. */

/** No trailing slash. */
export interface HttpEndpoint {
  readonly url: string;
}

export const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

/** `EVPIPE_CONNECT_URL` for `CONNECT`. */
export const httpAddress = (variable: string) => ({
  variable: [variable, 'URL'] as const,
  form: 'http://host:port',
  written: (url: string) => ({ url }),
  endpoint: ({ url }: { readonly url: string }) => (URL.canParse(url) ? { url: withoutSlash(url) } : undefined),
  text: ({ url }: HttpEndpoint) => url,
});

export const httpOnHost = (port: number | undefined): HttpEndpoint => ({ url: `http://${HOST}:${port}` });

/** A container of compose/NAME.yaml that publishes one port. */
export const httpContainer = (container: string, variable: string, inside: number, wished = inside) => ({
  container,
  source: { fragment: container },
  ports: { [variable]: { wished, inside } },
  endpoint: (published: (variable: string) => Faces<{ readonly host: string; readonly port: number }>) =>
    eachFace(published(variable), ({ host, port }): HttpEndpoint => ({ url: `http://${host}:${port}` })),
});
