/** The import rules of the design as a table: who may import whom (downwards only), and who may import which library. */

export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  support: [],
  http: ['support'],
  protocol: ['support'],
  clients: ['protocol', 'http', 'support'],
  pipeline: ['protocol', 'support'],
  // An embedded server never imports another one; `embedded` itself is checked by server below.
  embedded: ['protocol', 'clients', 'http', 'support'],
  supervisor: ['http', 'support'],
  consistency: ['clients', 'protocol', 'support'],
  targets: ['supervisor', 'pipeline', 'clients', 'support'],
  kinds: ['consistency', 'targets', 'pipeline', 'clients', 'protocol', 'support'],
  operations: ['kinds', 'consistency', 'targets', 'pipeline', 'clients', 'protocol', 'support'],
  ui: ['operations', 'kinds', 'pipeline'],
  // The table of kinds is handed down from here; a command for one kind (psql, ksql) imports that kind.
  cli: ['operations', 'kinds', 'ui', 'pipeline', 'support'],
  kit: ['http', 'support', 'protocol'],
  main: ['cli', 'support'],
};

/** Layers that may import only types of another one. */
export const TYPES_ONLY: ReadonlyArray<readonly [from: string, to: string]> = [
  ['ui', 'operations'],
  ['ui', 'kinds'],
  ['ui', 'pipeline'],
];

/** Operations that start embedded servers in their own process. */
export const SERVERS_IN_PROCESS: readonly string[] = ['operations/serve.ts', 'operations/test-ksql.ts'];

/** Third-party walls: the library (or scope) and the only places that may import it. */
export const WALLS: Readonly<Record<string, readonly string[]>> = {
  ink: ['ui/'],
  react: ['ui/'],
  commander: ['cli/'],
  zod: ['pipeline/', 'kinds/'],
  yaml: ['pipeline/', 'targets/compose'],
  kafkajs: ['clients/kafka/', 'kit/'],
  '@kafkajs/confluent-schema-registry': ['clients/schema-registry/', 'kit/'],
  pg: ['clients/postgres/', 'embedded/connect/', 'embedded/postgres/', 'kit/'],
  amqplib: ['clients/amqp/', 'kit/'],
  mongodb: ['clients/documents/', 'kit/'],
};

export interface Import {
  /** The importing file, relative to src/, with forward slashes. */
  readonly from: string;
  /** A bare package name, or the imported file relative to src/ (with .js as written). */
  readonly to: string;
  readonly typeOnly: boolean;
}

const layerOf = (path: string): string => path.split('/')[0]?.replace(/\.(ts|tsx|js)$/, '') ?? '';
const serverOf = (path: string): string => path.split('/')[1] ?? '';

/** Why an import is not allowed; undefined where it is. */
export function violation({ from, to, typeOnly }: Import): string | undefined {
  const wall = Object.entries(WALLS).find(([library]) => to === library || to.startsWith(`${library}/`));
  if (wall !== undefined) {
    return wall[1].some((place) => from.startsWith(place))
      ? undefined
      : `only ${wall[1].join(', ')} may import ${wall[0]}`;
  }
  const [source, target] = [layerOf(from), layerOf(to)];
  if (LAYERS[target] === undefined) return undefined; // another library
  const allowed = LAYERS[source];
  if (allowed === undefined) return `src/${source} is not a layer`;
  if (target === 'embedded' && SERVERS_IN_PROCESS.includes(from)) return undefined;
  if (source === target) {
    return source === 'embedded' && serverOf(from) !== serverOf(to)
      ? 'an embedded server imports no other one'
      : undefined;
  }
  if (!allowed.includes(target)) return `${source} may import only ${allowed.join(', ') || 'nothing of ours'}`;
  const typesOnly = TYPES_ONLY.some(([a, b]) => a === source && b === target);
  return typesOnly && !typeOnly ? `${source} may import only types of ${target}` : undefined;
}

const IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

/** All imports of one source file's text, relative ones resolved against `from`. */
export function importsOf(from: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[2] ?? match[3] ?? '';
    const to = specifier.startsWith('.') ? new URL(specifier, `file:///${from}`).pathname.slice(1) : specifier;
    return { from, to, typeOnly: match[1] !== undefined };
  });
}
