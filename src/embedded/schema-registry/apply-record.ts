import { isJsonObject, type Json, type JsonObject } from '../../protocol/json/parse.js';
import { isTooDeepJson } from '../../support/json-depth.js';
import { fieldsOf } from '../../support/plain-object.js';
import { LEVELS, MODES } from './levels.js';
import type { SchemaState } from './schema-state.js';
import { CONFIG_OBJECTS, SCHEMA_TYPES, type StoredSchema, type SubjectConfig } from './schemas-topic.js';

/**
 * Applies a record to the state. Gives what is wrong with it where it can't be read or is of no kind that is known: it is
 * kept in the topic, without effect here.
 */
export function applyRecord(
  state: SchemaState,
  keyBytes: Buffer | null,
  valueBytes: Buffer | null,
): string | undefined {
  const key = keyBytes === null ? undefined : parsedObject(keyBytes);
  if (key === undefined) return 'its key is not a JSON object';
  const value = valueBytes === null ? undefined : parsedObject(valueBytes);
  if (valueBytes !== null && value === undefined) return 'its value is not a JSON object';
  if (key.keytype === 'NOOP') return undefined;
  const subject = key.subject ?? null;
  if (subject !== null && typeof subject !== 'string') return 'the subject of its key is not text';
  const apply = typeof key.keytype === 'string' ? APPLY.get(key.keytype) : undefined;
  if (apply === undefined) return 'the keytype of its key is unknown';
  return apply(state, { subject, version: key.version, context: key.context, value });
}

interface ReadRecord {
  readonly subject: string | null;
  readonly version: Json | undefined;
  readonly context: Json | undefined;
  readonly value: JsonObject | undefined;
}

const APPLY: ReadonlyMap<string, (state: SchemaState, record: ReadRecord) => string | undefined> = new Map([
  ['SCHEMA', applySchema],
  [
    'DELETE_SUBJECT',
    (state, { subject, value }) => {
      if (subject === null) return 'it names no subject';
      if (value === undefined) return undefined;
      if (!isNumber(value.version)) return 'it names no version';
      state.markDeleted(subject, value.version);
      return undefined;
    },
  ],
  [
    'CLEAR_SUBJECT',
    (state, { subject }) => {
      if (subject === null) return 'it names no subject';
      state.clearSubject(subject);
      return undefined;
    },
  ],
  [
    'CONTEXT',
    (state, { context, value }) => {
      if (typeof context !== 'string') return 'it names no context';
      if (value !== undefined) state.addContext(context);
      return undefined;
    },
  ],
  [
    'CONFIG',
    (state, { subject, value }) => {
      const config = value === undefined ? undefined : withoutNulls(value);
      const level = config?.compatibilityLevel;
      if (level !== undefined && !isNameIn(LEVELS, level)) return 'its compatibilityLevel is unknown';
      if (config !== undefined && !isConfig(config)) return 'its value is not a configuration';
      state.setConfig(subject, config);
      return undefined;
    },
  ],
  [
    'MODE',
    (state, { subject, value }) => {
      const mode = value?.mode ?? undefined;
      if (mode !== undefined && !isNameIn(MODES, mode)) return 'its mode is unknown';
      state.setMode(subject, mode);
      return undefined;
    },
  ],
]);

function applySchema(state: SchemaState, { subject, version, value }: ReadRecord): string | undefined {
  if (subject === null || !isNumber(version)) return 'its key names no subject and version';
  if (value === undefined) {
    state.removeVersion(subject, version);
    return undefined;
  }
  const stored = { schemaType: 'AVRO', references: [], deleted: false, ...withoutNulls(value) };
  if (!isStored(stored) || stored.subject !== subject || stored.version !== version) return 'its value is not a schema';
  state.putVersion(stored);
  return undefined;
}

/** The original writes null for what is not there. */
const withoutNulls = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null));

function isStored(value: object): value is StoredSchema {
  const { subject, version, id, schemaType, schema, references, deleted, metadata, ruleSet } = fieldsOf(value);
  return (
    typeof subject === 'string' &&
    isNumber(version) &&
    isNumber(id) &&
    isNameIn(SCHEMA_TYPES, schemaType) &&
    typeof schema === 'string' &&
    Array.isArray(references) &&
    references.every(isReference) &&
    typeof deleted === 'boolean' &&
    [metadata, ruleSet].every((extra) => extra === undefined || isJsonObject(extra))
  );
}

/** What is not used here is kept with it. */
const isConfig = (value: JsonObject): value is JsonObject & SubjectConfig =>
  ['alias', 'compatibilityGroup'].every((name) => ['undefined', 'string'].includes(typeof value[name])) &&
  ['undefined', 'boolean'].includes(typeof value.normalize) &&
  CONFIG_OBJECTS.every((name) => value[name] === undefined || isJsonObject(value[name]));

const isReference = (json: unknown): boolean =>
  isJsonObject(json) && typeof json.name === 'string' && typeof json.subject === 'string' && isNumber(json.version);

const isNumber = (json: unknown): json is number => typeof json === 'number' && Number.isSafeInteger(json) && json >= 0;

const isNameIn = <Name extends string>(names: Readonly<Record<Name, string>>, json: unknown): json is Name =>
  typeof json === 'string' && Object.hasOwn(names, json);

/** Undefined where it is none. What the parser says is left out: it quotes what it reads. */
function parsedObject(bytes: Buffer): JsonObject | undefined {
  try {
    const text = bytes.toString();
    const json: unknown = isTooDeepJson(text) ? undefined : JSON.parse(text);
    return isJsonObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
