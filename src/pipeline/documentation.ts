import { markdownTable } from '../support/markdown.js';
import { jsonSchema } from './json-schema.js';
import type { FileKind } from './kind.js';

/** As much of JSON Schema as the form of the pipeline file makes use of. */
interface Node {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | false;
  readonly items?: Node;
  readonly prefixItems?: readonly Node[];
}

interface Field {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** A whole file; a test holds it against the form and the rules. */
const EXAMPLE = `version: 1
name: orders
databases:
  shop: { migrations: sql/shop }           # applied once each, in order, checksummed
  reports: { migrations: sql/reports }
topics:
  orders: { partitions: 3 }
connectors:
  shop-orders:
    database: shop                          # fills in address, slot, publication and what fences need
    config:
      connector.class: io.debezium.connector.postgresql.PostgresConnector
      table.include.list: public.orders
      transforms: route,unwrap
      transforms.route.type: org.apache.kafka.connect.transforms.RegexRouter
      transforms.route.regex: .*\\.public\\.orders
      transforms.route.replacement: orders
      transforms.unwrap.type: io.debezium.transforms.ExtractNewRecordState
services:
  report-writer:
    command: [python3, services/report_writer.py]    # any language; or module: services/report-writer.ts
    env: { KAFKA: $(kafka.bootstrapServers), DATABASE_URL: $(databases.reports.url) }
    consumes: { group: report-writer, topics: [orders] }
    writes: { database: reports, tables: [orders] }
checks:
  orders:
    source: { database: shop, table: orders }
    replica: { database: reports, table: orders }
    key: [id]
`;

/** docs/pipeline-file.md: from the form that the loader checks files by. */
export function pipelineFileDocumentation(kinds: readonly FileKind[]): string {
  const schema: Node = jsonSchema(kinds);
  const sections = Object.entries(schema.properties ?? {});
  return [
    '# The pipeline file',
    '',
    'Every key of `evpipe.yaml`. This page is generated from the form that `evpipe validate` checks a file by; `evpipe schema` prints the same',
    'as JSON Schema, for editors. Beyond the form, `validate` checks what the parts of a file say of each other.',
    '',
    'NAME stands for a name that you choose, `[]` for each entry of a list. A duration is a number with ms, s, m or h. A whole number may also be',
    'given as text, so that `${PORT:-8001}` can stand for it. `${NAME}` and `${NAME:-default}` are read from the environment, `$(…)` from the target.',
    'Where a mapping can have one of several forms, as a seed, the first field that is required in its form says which.',
    '',
    '```yaml',
    ...EXAMPLE.trimEnd().split('\n'),
    '```',
    '',
    ...markdownTable(
      ['section', 'meaning'],
      sections.map(([key, { description = '' }]) => [`[${key}](#${key.toLowerCase()})`, description]),
    ),
    ...sections.flatMap(([key, node]) => section(key, node, schema.required?.includes(key) ?? false)),
    '',
  ].join('\n');
}

function section(key: string, node: Node, required: boolean): string[] {
  const fields = merged(fieldsOf(node, ''));
  const type = typeOf(node);
  const sentence = `${type.charAt(0).toUpperCase()}${type.slice(1)}.`;
  const lines = ['', `## ${key}`, '', `${node.description}. ${sentence}${required ? ' Required.' : ''}`];
  if (fields.length === 0) return lines;
  return [
    ...lines,
    '',
    ...markdownTable(
      ['field', 'type', 'default', 'meaning'],
      fields.map(({ path, type, fallback, meaning }) => [`\`${path}\``, type, fallback, meaning]),
    ),
  ];
}

function fieldsOf(node: Node, path: string): Field[] {
  const below = Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const at = path === '' ? key : `${path}.${key}`;
    const own = {
      path: at,
      type: typeOf(child),
      fallback: fallbackOf(child, node.required?.includes(key) ?? false),
      meaning: child.description ?? '',
    };
    return [own, ...fieldsOf(child, at)];
  });
  const named = node.additionalProperties;
  const inNamed = named ? fieldsOf(named, path === '' ? 'NAME' : `${path}.NAME`) : [];
  const inItems = node.items === undefined ? [] : fieldsOf(node.items, `${path}[]`);
  return [...below, ...inNamed, ...inItems, ...fieldsOfForms(node.anyOf ?? [], path)];
}

/** What one of several mappings requires, a file needs only if it takes that one. */
function fieldsOfForms(forms: readonly Node[], path: string): Field[] {
  const fields = forms.map((form) => fieldsOf(form, path));
  if (forms.filter(({ properties }) => properties !== undefined).length < 2) return fields.flat();
  return fields
    .flat()
    .map((field) => (field.fallback === 'required' ? { ...field, fallback: 'required in its form' } : field));
}

/** A field that several forms of its parent have is one row; it is required only where all who have it agree. */
function merged(fields: readonly Field[]): Field[] {
  const byPath = new Map<string, Field>();
  for (const field of fields) {
    const known = byPath.get(field.path);
    byPath.set(field.path, known === undefined ? field : both(known, field));
  }
  return [...byPath.values()];
}

function both(one: Field, other: Field): Field {
  const joined = (a: string, b: string): string => (a === b ? a : `${a}; or ${b}`);
  return {
    path: one.path,
    type: joined(one.type, other.type),
    fallback: one.fallback === other.fallback ? one.fallback : '',
    meaning: joined(one.meaning, other.meaning),
  };
}

/** A section or mapping that is empty when absent needs no word. */
function fallbackOf({ default: fallback }: Node, required: boolean): string {
  if (required) return 'required';
  if (fallback === undefined || (typeof fallback === 'object' && JSON.stringify(fallback).length === 2)) return '';
  return `\`${fallback}\``;
}

/** Whole numbers are also accepted as digits in a text. */
const DIGITS = '^\\d{1,15}$';
const DURATION = /^\^\\d.*\(ms\|s\|m\|h\)\$$/;

function typeOf(node: Node): string {
  if (node.anyOf !== undefined) {
    const forms = node.anyOf.filter(({ type, pattern }) => pattern !== DIGITS && type !== 'null').map(typeOf);
    return [...new Set(forms)].join(', or ');
  }
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(', ');
  if (Array.isArray(node.type)) return 'scalar';
  if (node.type === 'object') return mappingOf(node);
  if (node.type === 'array') return listOf(node);
  if (node.type === 'integer') return `whole number${rangeOf(node)}`;
  if (node.type === 'boolean') return 'true or false';
  if (node.type === 'string') return DURATION.test(node.pattern ?? '') ? 'duration' : 'text';
  return typeof node.type === 'string' ? node.type : 'any value';
}

function mappingOf({ additionalProperties }: Node): string {
  return additionalProperties ? `by name: ${typeOf(additionalProperties)}` : 'mapping';
}

function listOf({ items, prefixItems }: Node): string {
  if (prefixItems !== undefined) return `[${prefixItems.map(typeOf).join(', ')}]`;
  return items === undefined ? 'list' : `list of ${typeOf(items)}`;
}

const rangeOf = ({ minimum, maximum }: Node): string =>
  maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER
    ? ''
    : `, ${(minimum ?? 0).toLocaleString('en')} to ${maximum.toLocaleString('en')}`;
