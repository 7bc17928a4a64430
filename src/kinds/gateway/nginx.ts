import type { GatewayLaunch, LaunchedRoute } from './launch.js';
import type { FilesRoute } from './section.js';

/** Docker's own name server. A container gets another address when it is made anew, so names are resolved at each request. */
const RESOLVER = '127.0.0.11';
/** As the embedded gateway's. */
const SILENCE_MS = 5 * 60_000;

/** What services are told; a route's own headers replace them. */
const FORWARDED: Readonly<Record<string, string>> = {
  Host: '$http_host',
  'X-Forwarded-For': '$proxy_add_x_forwarded_for',
  'X-Forwarded-Host': '$http_host',
  'X-Forwarded-Proto': '$scheme',
  Upgrade: '$http_upgrade',
  Connection: '$connection_header',
};

type Routes = GatewayLaunch['routes'];

/**
 * nginx's configuration for the gateway: a path goes to its service with all below it, and the longest path decides.
 * It routes as the embedded gateway does, with these differences: GET /health tells only that nginx itself answers; a
 * service that is down is 502 (there: 503); nginx compares the path after it has decoded it and resolved `..`.
 */
export function nginxConfig(routes: Routes): string {
  const all = routes.some(({ prefix }) => stemOf(prefix) === '');
  return [
    'map $http_upgrade $connection_header { default upgrade; "" close; }',
    'geo $dollar { default "$"; }', // nginx has no other way to write one in a text
    ...routes.flatMap(rewriting),
    'server {',
    '  listen 80;',
    `  resolver ${RESOLVER} valid=5s;`,
    '  absolute_redirect off;',
    '  client_max_body_size 0;',
    '  proxy_http_version 1.1;',
    '  proxy_buffering off;',
    '  proxy_request_buffering off;',
    '  location = /health { default_type application/json; return 200 \'{"status":"ok"}\'; }',
    ...routes.flatMap((route, index) => ('files' in route ? filesLocations(route) : serviceLocations(route, index))),
    ...(all ? [] : ['  location / { return 404; }']),
    '}',
    '',
  ].join('\n');
}

const stemOf = (prefix: string): string => prefix.replace(/\/+$/, '');

function serviceLocations(route: LaunchedRoute, index: number): readonly string[] {
  const { url, rewrite, requestHeaders = {}, timeoutMs = SILENCE_MS } = route;
  const own = new Set(Object.keys(requestHeaders).map((name) => name.toLowerCase()));
  const sent = [
    ...Object.entries(FORWARDED).filter(([name]) => !own.has(name.toLowerCase())),
    ...Object.entries(requestHeaders).map(([name, value]) => [name, quoted(value)] as const),
  ];
  // With a variable in it, proxy_pass looks the name up each time, and passes the path on as it came.
  const block = [
    `set $to ${url};`,
    `proxy_pass $to${rewrite === undefined ? '' : rewritten(index)};`,
    // A path that means the prefix only once it is decoded can't be cut off.
    ...(rewrite === undefined ? [] : [`if (${rewritten(index)} = "") { return 400; }`]),
    `proxy_read_timeout ${timeoutMs}ms;`,
    ...sent.map(([name, value]) => `proxy_set_header ${name} ${value};`),
    ...Object.keys(route.responseHeaders ?? {}).map((name) => `proxy_hide_header ${name};`),
    ...added(route.responseHeaders),
  ];
  const stem = stemOf(route.prefix);
  return stem === '' ? location('/', block) : [...location(`= ${path(stem)}`, block), ...below(stem, block)];
}

function filesLocations({ prefix, files, responseHeaders }: FilesRoute): readonly string[] {
  const headers = added(responseHeaders);
  const stem = stemOf(prefix);
  const block = [
    `alias ${quoted(`${files}/`)};`,
    'index index.html;',
    'charset utf-8;',
    'charset_types text/css text/plain text/xml text/javascript application/javascript application/json;',
    ...headers,
    `location ~ /\\. { ${['return 404;', ...headers].join(' ')} }`,
  ];
  if (stem === '') return location('/', block);
  const toFolder = [`return 301 "${escaped(stem)}/$is_args$args";`, ...headers];
  return [...location(`= ${path(stem)}`, toFolder), ...below(stem, block)];
}

/** `^~`: no expression of another route's block is asked. */
const below = (stem: string, block: readonly string[]): readonly string[] => location(`^~ ${path(`${stem}/`)}`, block);

const location = (of: string, block: readonly string[]): readonly string[] => [
  `  location ${of} {`,
  ...block.map((line) => `    ${line}`),
  '  }',
];

const added = (headers: Readonly<Record<string, string>> = {}): readonly string[] =>
  Object.entries(headers).map(([name, value]) => `add_header ${name} ${quoted(value)} always;`);

const rewritten = (index: number): string => `$rewritten_${index}`;

/** The path and query for the service, as the client has encoded them; empty where the prefix isn't there as written. */
function rewriting(route: Routes[number], index: number): readonly string[] {
  if ('files' in route || route.rewrite === undefined) return [];
  const [from, to] = [stemOf(route.prefix).replace(/[\\^$.|?*+()[\]{}]/g, '\\$&'), stemOf(route.rewrite)];
  const below = `  ${expression(`^${from}(/.*)$`)} ${ended(to)};`;
  const itself = `  ${expression(`^${from}(\\?.*)?$`)} ${ended(to === '' ? '/' : to)};`;
  return [`map $request_uri ${rewritten(index)} {`, '  default "";', below, itself, '}'];
}

const DOLLAR = '$' + '{dollar}';
const expression = (pattern: string): string => `"~${pattern.replace(/[\\"]/g, '\\$&')}"`;
const ended = (path: string): string => `"${escaped(path)}$1"`;
const quoted = (text: string): string => `"${escaped(text)}"`;
const escaped = (text: string): string => text.replace(/[\\"]/g, '\\$&').replaceAll('$', DOLLAR);
/** Of a location, in which nginx looks for no variables. */
const path = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;
