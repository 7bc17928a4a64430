/** What one face of the target yields: everything that `$(…)` can mean, by its full path: `databases.person.url`. */
export type ReferenceValues = ReadonlyMap<string, string>;

const REFERENCE = /\$\(([A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9_-]+)+)\)/g;

const DATABASE_FIELDS = ['url', 'host', 'port', 'name', 'user', 'password'];
const SERVICE_FIELDS = ['url', 'port'];
const SERVERS: Readonly<Record<string, string>> = {
  kafka: 'bootstrapServers',
  schemaRegistry: 'url',
  connect: 'url',
  ksqldb: 'url',
  rabbitmq: 'url',
};

/** What a reference is about; the closed list of references. */
export type Reference =
  | { readonly kind: 'database'; readonly name: string; readonly field: string }
  | { readonly kind: 'service'; readonly name: string; readonly field: string }
  | { readonly kind: 'store'; readonly name: string }
  | { readonly kind: 'server'; readonly name: string }
  | { readonly kind: 'gateway' }
  /** `$(response.id)`, inside smoke only. */
  | { readonly kind: 'response'; readonly path: string };

/** The parts of a path such as `databases.person.url`; undefined where it is on no list. Names may hold dots. */
export function parseReference(path: string): Reference | undefined {
  const [head = '', ...rest] = path.split('.');
  if (path === 'gateway.url') return { kind: 'gateway' };
  if (head === 'response') return { kind: 'response', path: rest.join('.') };
  const field = rest.at(-1) ?? '';
  const name = rest.slice(0, -1).join('.');
  if (head === 'databases' && name !== '' && DATABASE_FIELDS.includes(field)) return { kind: 'database', name, field };
  if (head === 'services' && name !== '' && SERVICE_FIELDS.includes(field)) return { kind: 'service', name, field };
  if (head === 'stores' && name !== '' && field === 'url') return { kind: 'store', name };
  return rest.length === 1 && SERVERS[head] === field ? { kind: 'server', name: head } : undefined;
}

/** Every path in `$(…)` of a text, in order, whether it is on the list or not. */
export function referencesIn(text: string): readonly string[] {
  return [...text.matchAll(REFERENCE)].map((match) => match[1] ?? '');
}

/** Replaces what `values` knows and leaves the rest as it stands: `$(date)` of a shell command is not ours. */
export function resolveReferences(text: string, values: ReferenceValues): string {
  return text.replace(REFERENCE, (whole, path: string) => values.get(path) ?? whole);
}
