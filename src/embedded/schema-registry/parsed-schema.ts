import { AvroSchemaError } from '../../protocol/avro/schema.js';
import { JsonSchemaError } from '../../protocol/json-schema/schema.js';
import { ProtobufSchemaError } from '../../protocol/protobuf/schema-error.js';
import { besideSubject } from './context.js';
import type { CompatibilityLevel } from './levels.js';
import { invalidSchema, RegistryError } from './registry-error.js';
import { identityOf, type SchemaState, type SchemaText } from './schema-state.js';
import type { SchemaReference, SchemaType, StoredSchema } from './schemas-topic.js';
import { AVRO } from './types/avro.js';
import { JSON_SCHEMA } from './types/json-schema.js';
import { PROTOBUF } from './types/protobuf.js';
import type { Parsed, ReferencedSchema, SchemaSource, SchemaTypeRules } from './types/schema-type.js';

const RULES: { readonly [Type in SchemaType]: SchemaTypeRules } = { AVRO, PROTOBUF, JSON: JSON_SCHEMA };

const SCHEMA_ERRORS = [AvroSchemaError, JsonSchemaError, ProtobufSchemaError];

/** Old schemas are quoted in messages up to here. */
const QUOTED_LENGTH_MAX = 10 * 1024;

/** Its text is the canonical one, as it is stored and compared. */
export interface ParsedSchema extends SchemaText {
  readonly parsed: Parsed;
}

/** Parses a schema of the subject with those it refers to. Throws RegistryError 42201. */
export function parseSchema(state: SchemaState, subject: string, text: SchemaText, normalize = false): ParsedSchema {
  const { schemaType, references } = text;
  const source = sourceOf(state, subject, text);
  const parsed = refusing(text, () => RULES[schemaType].parse(source, normalize));
  const ordered = normalize ? [...references].sort((a, b) => (a.name < b.name ? -1 : 1)) : references;
  return { schemaType, schema: parsed.canonical, references: ordered, parsed };
}

/** In Base64 for PROTOBUF. Of other languages it is the text. */
export function serializedSchema(state: SchemaState, stored: StoredSchema): string {
  if (stored.schemaType !== 'PROTOBUF') return stored.schema;
  return refusing(stored, () => {
    const { serialized } = RULES.PROTOBUF.parse(sourceOf(state, stored.subject, stored), false);
    return serialized?.() ?? stored.schema;
  });
}

/** Whether one is the text that both have in common: two texts that differ are two schemas otherwise. */
export function hasSameForm(state: SchemaState, parsed: ParsedSchema, stored: StoredSchema): boolean {
  if (stored.schemaType !== parsed.schemaType) return false;
  const common = parsed.parsed.common?.();
  if (common === undefined || !hasFirstNameOf(common, stored) || commonOf(state, stored) !== common) return false;
  const isGiven = parsed.schema === common || stored.schema === common;
  return isGiven && identityOf({ ...stored, schema: common }) === identityOf({ ...parsed, schema: common });
}

/** Quickly leaves out the most of what is another schema. */
function hasFirstNameOf(common: string, { schema }: StoredSchema): boolean {
  const [, name = ''] = /^(?:message|enum) (\w+)/m.exec(common) ?? [];
  return schema.includes(name);
}

/** Kept, since each schema that is new to a context is compared with all others there. */
const commonByStored = new WeakMap<StoredSchema, string | null>();

function commonOf(state: SchemaState, stored: StoredSchema): string | null {
  let common = commonByStored.get(stored);
  if (common === undefined) {
    common = readCommon(state, stored);
    commonByStored.set(stored, common);
  }
  return common;
}

/** None of one from elsewhere that is refused here. */
function readCommon(state: SchemaState, stored: StoredSchema): string | null {
  try {
    return parseSchema(state, stored.subject, stored).parsed.common?.() ?? null;
  } catch (failure) {
    if (failure instanceof RegistryError) return null;
    throw failure;
  }
}

/** What is wrong with the text becomes the registry's refusal. */
function refusing<Result>({ schemaType, schema, references }: SchemaText, parse: () => Result): Result {
  try {
    return parse();
  } catch (failure) {
    if (!(failure instanceof Error && SCHEMA_ERRORS.some((error) => failure instanceof error))) throw failure;
    const refs = references.map(
      ({ name, subject, version }) => `{name='${name}', subject='${subject}', version=${version}}`,
    );
    throw invalidSchema(
      `Invalid schema ${schema} with refs [${refs.join(', ')}] of type ${schemaType}, details: ${failure.message}`,
    );
  }
}

function sourceOf(state: SchemaState, subject: string, { schema, references }: SchemaText): SchemaSource {
  const referenced: ReferencedSchema[] = [];
  addReferences(state, subject, references, referenced, new Set());
  return { schema, referenced };
}

function addReferences(
  state: SchemaState,
  from: string,
  references: readonly SchemaReference[],
  referenced: ReferencedSchema[],
  visited: Set<string>,
): void {
  for (const { name, subject: named, version } of references) {
    const subject = besideSubject(from, named);
    const place = `${subject}\n${version}`;
    if (visited.has(place)) continue;
    visited.add(place);
    const stored = state.versions(subject, true).find((each) => each.version === version);
    if (stored === undefined) {
      throw invalidSchema(`Invalid schema: No schema reference found for subject "${subject}" and version ${version}`);
    }
    addReferences(state, subject, stored.references, referenced, visited);
    referenced.push({ name, schema: stored.schema });
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
    const messages = reasonsAgainst(state, level, next, stored);
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

function reasonsAgainst(
  state: SchemaState,
  level: CompatibilityLevel,
  { schemaType, parsed }: ParsedSchema,
  stored: StoredSchema,
): readonly string[] {
  if (schemaType !== stored.schemaType) return ['Incompatible because of different schema type'];
  const source = sourceOf(state, stored.subject, stored);
  return refusing(stored, () => {
    const { backward, forward } = parsed.against(source);
    return [
      ...(level.startsWith('FORWARD') || level.startsWith('FULL') ? forward() : []),
      ...(level.startsWith('BACKWARD') || level.startsWith('FULL') ? backward() : []),
    ];
  });
}
