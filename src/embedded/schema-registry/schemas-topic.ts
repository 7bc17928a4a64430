import type { CompatibilityLevel } from './levels.js';

/**
 * The records of the topic `_schemas`, exactly as Confluent's registry writes them: JSON keys and values, the newest
 * one of a key counts, a null value removes. A real registry can go on where this one stopped, and the other way round.
 */
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** What a schema carries besides its text. Kept and given back; rules are carried out by clients only. */
export interface SchemaExtras {
  readonly metadata?: object | undefined;
  readonly ruleSet?: object | undefined;
}

/** The languages of schemas that are taken. */
export const SCHEMA_TYPES = {
  JSON: 'JSON Schema of drafts 4 to 2020-12; a reference is the document that a $ref names.',
  PROTOBUF:
    'Files of proto2 and proto3, as text or as a serialized FileDescriptorProto in Base64, under one id. Descriptors have no custom options but Confluent’s. A reference is the file that an import names.',
  AVRO: 'Parsed, normalized and compared as by Avro 1.12 in Java; references are schemas of other subjects.',
} as const;
export type SchemaType = keyof typeof SCHEMA_TYPES;

export interface StoredSchema extends SchemaExtras {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly schemaType: SchemaType;
  readonly schema: string;
  readonly references: readonly SchemaReference[];
  readonly deleted: boolean;
}

/** What is set for a subject, a context, or all; in the words of the REST API's answers, which the topic has too. */
export interface SubjectConfig {
  readonly compatibilityLevel?: CompatibilityLevel;
  /** Requests for this subject are answered for that one. */
  readonly alias?: string;
  /** As `normalize=true` in every request. */
  readonly normalize?: boolean;
  /** The property of metadata whose value versions have to share to be compared. */
  readonly compatibilityGroup?: string;
  /** What schemas carry where they say nothing else, and whatever they say. */
  readonly defaultMetadata?: object;
  readonly overrideMetadata?: object;
  readonly defaultRuleSet?: object;
  readonly overrideRuleSet?: object;
}

export const CONFIG_OBJECTS = ['defaultMetadata', 'overrideMetadata', 'defaultRuleSet', 'overrideRuleSet'] as const;

export interface TopicRecord {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

const record = (key: object, value: object | null): TopicRecord => ({
  key: Buffer.from(JSON.stringify(key)),
  value: value === null ? null : Buffer.from(JSON.stringify(value)),
});

export function schemaRecord(stored: StoredSchema): TopicRecord {
  const { subject, version, id, schema, deleted } = stored;
  return record(
    { keytype: 'SCHEMA', subject, version, magic: 1 },
    { subject, version, id, ...besides(stored), schema, deleted },
  );
}

/** The type other than AVRO, references, metadata and rules: left out where there are none, as the original does. */
export const besides = ({
  schemaType,
  references,
  metadata,
  ruleSet,
}: Pick<StoredSchema, 'schemaType' | 'references'> & SchemaExtras) => ({
  ...(schemaType === 'AVRO' ? {} : { schemaType }),
  ...(references.length === 0 ? {} : { references }),
  ...(metadata === undefined ? {} : { metadata }),
  ...(ruleSet === undefined ? {} : { ruleSet }),
});

export const schemaTombstone = (subject: string, version: number): TopicRecord =>
  record({ keytype: 'SCHEMA', subject, version, magic: 1 }, null);

/** Marks all versions up to this one as deleted. */
export const deleteSubjectRecord = (subject: string, version: number): TopicRecord =>
  record({ keytype: 'DELETE_SUBJECT', subject, magic: 0 }, { subject, version });

export const deleteSubjectTombstone = (subject: string): TopicRecord =>
  record({ keytype: 'DELETE_SUBJECT', subject, magic: 0 }, null);

/** Names a context that has no subjects yet: the original lists those of which it has such a record. */
export const contextRecord = (context: string): TopicRecord =>
  record({ keytype: 'CONTEXT', tenant: 'default', context, magic: 0 }, { tenant: 'default', context });

/** Subject null: the setting for all. Undefined removes it. */
export const configRecord = (subject: string | null, config: SubjectConfig | undefined): TopicRecord =>
  record({ keytype: 'CONFIG', subject, magic: 0 }, config ?? null);

export const modeRecord = (subject: string | null, mode: string | undefined): TopicRecord =>
  record({ keytype: 'MODE', subject, magic: 0 }, mode === undefined ? null : { mode });
