/** The rules of docs/ARCHITECTURE.md as tables: which layer may import which (downwards only), and which places may import which library. */
import type { Import } from './source-imports.js';

export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  support: [],
  http: ['support'],
  protocol: ['support'],
  ksql: ['protocol', 'support'],
  clients: ['protocol', 'http', 'support'],
  pipeline: ['protocol', 'support'],
  // An embedded server never imports another one; `embedded` itself is checked by server below.
  embedded: ['ksql', 'protocol', 'clients', 'http', 'support'],
  supervisor: ['http', 'support'],
  consistency: ['clients', 'protocol', 'support'],
  targets: ['supervisor', 'pipeline', 'clients', 'http', 'support'],
  kinds: ['consistency', 'targets', 'pipeline', 'clients', 'ksql', 'protocol', 'support'],
  operations: ['kinds', 'consistency', 'targets', 'pipeline', 'clients', 'protocol', 'support'],
  ui: ['operations', 'kinds', 'pipeline', 'support'],
  // The table of kinds is handed down from here; a command for one kind (psql, ksql) imports that kind.
  cli: ['operations', 'kinds', 'ui', 'pipeline', 'support'],
  kit: ['clients', 'http', 'support', 'protocol'],
  testing: ['support'],
  main: ['cli', 'support'],
  documentation: ['cli', 'consistency', 'embedded', 'kinds', 'operations', 'pipeline', 'support'],
};

/** Layers that may import only types of another one. */
export const TYPES_ONLY: ReadonlyArray<readonly [from: string, to: string]> = [
  ['ui', 'operations'],
  ['ui', 'kinds'],
  ['ui', 'pipeline'],
];

/** Operations that start embedded servers in their own process. */
export const SERVERS_IN_PROCESS: readonly string[] = ['operations/serve.ts', 'operations/test-ksql.ts'];

/** Every library that src/ uses, and the only places that may import it. A library that isn't listed may be imported nowhere. */
export const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  '@bokuweb/zstd-wasm': ['protocol/kafka/', 'clients/kafka/'],
  '@fastify/send': ['embedded/gateway/'],
  '@faker-js/faker': ['kit/', 'kinds/seed/'],
  '@fastify/cookie': ['kit/'],
  '@fastify/formbody': ['kit/'],
  '@fastify/swagger': ['kit/'],
  '@fastify/swagger-ui': ['kit/'],
  '@inquirer/input': ['cli/'],
  '@inquirer/select': ['cli/'],
  '@node-rs/crc32': ['protocol/kafka/', 'clients/kafka/', 'embedded/', 'support/'],
  ajv: ['protocol/json-schema/'],
  amqplib: ['clients/amqp/', 'kit/'],
  axios: ['http/'],
  chalk: ['ui/'],
  commander: ['cli/'],
  esbuild: ['targets/'],
  'fastest-levenshtein': ['pipeline/', 'protocol/ksql/'],
  fastify: ['kit/'],
  'fs-native-extensions': ['support/'],
  'get-port': ['embedded/postgres/'],
  htmlparser2: ['kinds/service/'],
  'http-proxy-3': ['embedded/gateway/'],
  ws: ['embedded/ksqldb/rest/'],
  ink: ['ui/'],
  ioredis: ['kinds/store/', 'kit/'],
  kafkajs: ['clients/kafka/', 'kit/'],
  'lz4-napi': ['clients/kafka/', 'protocol/kafka/'],
  mongodb: ['clients/documents/', 'kit/'],
  nodemailer: ['kit/'],
  pg: ['clients/postgres/', 'embedded/connect/', 'embedded/postgres/', 'kit/'],
  'pg-copy-streams': ['embedded/connect/', 'clients/postgres/'],
  'pg-cursor': ['clients/postgres/'],
  protobufjs: ['protocol/protobuf/'],
  react: ['ui/'],
  re2js: ['embedded/kafka/'],
  snappy: ['clients/kafka/', 'protocol/kafka/'],
  'string-width': ['support/text-columns.ts'],
  yaml: ['pipeline/', 'targets/compose'],
  zod: ['pipeline/', 'kinds/', 'cli/output-shapes.ts'],
};

/** Programs of their own: they alone end the process, and write to its output by themselves. */
export const PROGRAMS: readonly RegExp[] = [
  /^main\.ts$/,
  /(^|\/)process\.ts$/,
  /^support\/(child|prepared)\.ts$/,
  /^kit\/service\.ts$/,
];

const layerOf = (path: string): string => path.split('/')[0]?.replace(/\.(ts|tsx|js)$/, '') ?? '';
const serverOf = (path: string): string => path.split('/')[1] ?? '';
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** Why an import is not allowed; undefined where it is. */
export function violation(found: Import): string | undefined {
  if (found.to === undefined) return 'what is imported has to be written out, or no rule can be checked';
  if (found.relative) return layerViolation(found.from, found.to, found.typeOnly);
  if (found.to.startsWith('node:')) return undefined;
  const library = packageOf(found.to);
  const places = LIBRARIES[library];
  if (places === undefined) return `${library} is listed nowhere: name the places that may import it`;
  if (places.some((place) => found.from.startsWith(place))) return undefined;
  return `only ${places.join(', ')} may import ${library}`;
}

function layerViolation(from: string, to: string, typeOnly: boolean): string | undefined {
  const [source, target] = [layerOf(from), layerOf(to)];
  const allowed = LAYERS[source];
  if (allowed === undefined) return `src/${source} is not a layer`;
  if (target === 'embedded' && SERVERS_IN_PROCESS.includes(from)) return undefined;
  if (source === target) {
    const foreignServer = source === 'embedded' && serverOf(from) !== serverOf(to);
    return foreignServer ? 'an embedded server imports no other one' : undefined;
  }
  if (!allowed.includes(target)) return `${source} may import only ${allowed.join(', ') || 'nothing of ours'}`;
  const typesOnly = TYPES_ONLY.some(([a, b]) => a === source && b === target);
  return typesOnly && !typeOnly ? `${source} may import only types of ${target}` : undefined;
}
