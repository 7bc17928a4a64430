import { avroIncompatibilities, type Incompatibility } from '../../protocol/avro/compatibility.js';
import { printAvroSchema, printNormalizedAvroSchema } from '../../protocol/avro/print.js';
import { type AvroNames, type AvroSchema, AvroSchemaError, parseAvroSchema } from '../../protocol/avro/schema.js';
import { invalidSchema } from './registry-error.js';
import type { CompatibilityLevel, SchemaState } from './schema-state.js';
import type { SchemaReference, StoredSchema } from './schemas-topic.js';

/** Old schemas are quoted in messages up to here. */
const QUOTED_LENGTH_MAX = 10 * 1024;

export interface ParsedSchema {
  readonly schema: AvroSchema;
  /** As it is stored and compared. */
  readonly canonical: string;
  readonly references: readonly SchemaReference[];
}

/** Parses a schema with those it refers to. Throws RegistryError 42201. */
export function parseSchema(
  state: SchemaState,
  text: string,
  references: readonly SchemaReference[],
  normalize = false,
): ParsedSchema {
  const names: AvroNames = new Map();
  addReferences(state, references, names, new Set());
  const known = [...names.keys()];
  try {
    const schema = parseAvroSchema(text, names);
    const canonical = normalize ? printNormalizedAvroSchema(schema, known) : printAvroSchema(schema, known);
    const ordered = normalize ? [...references].sort((a, b) => (a.name < b.name ? -1 : 1)) : references;
    return { schema, canonical, references: ordered };
  } catch (failure) {
    if (!(failure instanceof AvroSchemaError)) throw failure;
    const where = failure.path === '' ? '' : ` (at ${failure.path})`;
    const refs = references.map(
      ({ name, subject, version }) => `{name='${name}', subject='${subject}', version=${version}}`,
    );
    throw invalidSchema(
      `Invalid schema ${text} with refs [${refs.join(', ')}] of type AVRO, details: ${failure.message}${where}`,
    );
  }
}

function addReferences(
  state: SchemaState,
  references: readonly SchemaReference[],
  names: AvroNames,
  visited: Set<string>,
): void {
  for (const { subject, version } of references) {
    const place = `${subject}\n${version}`;
    if (visited.has(place)) continue;
    visited.add(place);
    const stored = state.versions(subject, true).find((each) => each.version === version);
    if (stored === undefined) {
      throw invalidSchema(`Invalid schema: No schema reference found for subject "${subject}" and version ${version}`);
    }
    addReferences(state, stored.references, names, visited);
    parseAvroSchema(stored.schema, names);
  }
}

/** What the level asks of a new schema, against the earlier versions (oldest first); empty where it may come. */
export function incompatibilities(
  state: SchemaState,
  level: CompatibilityLevel,
  next: ParsedSchema,
  earlier: readonly StoredSchema[],
): readonly string[] {
  if (level === 'NONE') return [];
  const newestFirst = [...earlier].reverse();
  for (const stored of level.endsWith('_TRANSITIVE') ? newestFirst : newestFirst.slice(0, 1)) {
    const before = parseSchema(state, stored.schema, stored.references).schema;
    const messages: string[] = [];
    if (level.startsWith('FORWARD') || level.startsWith('FULL')) {
      messages.push(...avroIncompatibilities(before, next.schema).map((each) => describe(each, 'old', 'new')));
    }
    if (level.startsWith('BACKWARD') || level.startsWith('FULL')) {
      messages.push(...avroIncompatibilities(next.schema, before).map((each) => describe(each, 'new', 'old')));
    }
    if (messages.length === 0) continue;
    const quoted =
      stored.schema.length <= QUOTED_LENGTH_MAX
        ? `'${stored.schema}'`
        : `<truncated to ${QUOTED_LENGTH_MAX} characters> '${stored.schema.slice(0, QUOTED_LENGTH_MAX)}'`;
    return [
      ...messages,
      `{oldSchemaVersion: ${stored.version}}`,
      `{oldSchema: ${quoted}}`,
      `{validateFields: 'false', compatibility: '${level}'}`,
    ];
  }
  return [];
}

function describe({ type, path, message }: Incompatibility, reader: string, writer: string): string {
  return `{errorType:'${type}', description:'${sentence(type, path, message, reader, writer)}', additionalInfo:'${message}'}`;
}

function sentence(type: Incompatibility['type'], path: string, what: string, reader: string, writer: string): string {
  switch (type) {
    case 'FIXED_SIZE_MISMATCH':
      return `The size of FIXED type field at path '${path}' in the ${reader} schema does not match with the ${writer} schema`;
    case 'TYPE_MISMATCH':
      return `The type (path '${path}') of a field in the ${reader} schema does not match with the ${writer} schema`;
    case 'NAME_MISMATCH':
      return `The name of the schema has changed (path '${path}')`;
    case 'MISSING_ENUM_SYMBOLS':
      return `The ${reader} schema is missing enum symbols '${what}' at path '${path}' in the ${writer} schema`;
    case 'MISSING_UNION_BRANCH':
      return `The ${reader} schema is missing a type inside a union field at path '${path}' in the ${writer} schema`;
    case 'READER_FIELD_MISSING_DEFAULT_VALUE':
      return `The field '${what}' at path '${path}' in the ${reader} schema has no default value and is missing in the ${writer} schema`;
  }
}
