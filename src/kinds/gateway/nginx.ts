import type { GatewayLaunch } from './component.js';

/** Docker's own name server. A container gets another address when it is made anew, so names are resolved at each request. */
const RESOLVER = '127.0.0.11';

/** nginx's configuration for the gateway: a path goes to its service with all below it, and the longest path decides. */
export function nginxConfig(routes: GatewayLaunch['routes']): string {
  const locations = routes.flatMap(({ prefix, url }) => {
    const path = prefix.replace(/\/+$/, '');
    return path === '' ? [location('/', url)] : [location(`= ${path}`, url), location(`${path}/`, url)];
  });
  return [
    'server {',
    '  listen 80;',
    `  resolver ${RESOLVER} valid=5s;`,
    '  client_max_body_size 0;',
    '  proxy_http_version 1.1;',
    '  proxy_set_header Host $http_host;',
    '  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    '  proxy_set_header X-Forwarded-Proto $scheme;',
    ...locations,
    '}',
    '',
  ].join('\n');
}

/** With a variable in it, proxy_pass looks the name up each time, and passes the path on as it came. */
const location = (path: string, url: string): string => `  location ${path} { set $to ${url}; proxy_pass $to; }`;
