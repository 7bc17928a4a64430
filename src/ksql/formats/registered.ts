import { framedId } from '../../protocol/confluent/framing.js';
import type { SchemaType } from '../../protocol/confluent/schema-type.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { Column } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { InferenceOptions, SerdeOptions, SerdeRole } from './format.js';
import type { RegisteredSchema, Registry } from './registry.js';

export function registryOf(registry: Registry | undefined, format: string): Registry {
  if (registry === undefined) {
    throw new StatementError(`KSQL is not configured to use a schema registry: ${format} needs one`, 42801);
  }
  return registry;
}

/** The id in a framed value; it throws for what is not framed. */
export function requireFramedId(bytes: Buffer): number {
  const id = framedId(bytes);
  if (id === undefined) throw new TypeError('the bytes are not framed: Unknown magic byte!');
  return id;
}

/** Registers the schema that `*_SCHEMA_ID` names or else the one of the columns; answers the id to write with. */
export async function register(
  { registry: given, topic, role, schemaId }: SerdeOptions,
  format: string,
  type: SchemaType,
  schemaOfColumns: () => string,
): Promise<number> {
  const registry = registryOf(given, format);
  const subject = `${topic}-${role}`;
  if (schemaId === undefined) return registry.register(subject, schemaOfColumns(), type);
  const found = await registry.schemaById(schemaId);
  checkType(found, topic, role, type);
  const { schema, references } = found;
  // What a schema refers to is known by its names here, not by the subjects that registering it would take.
  if (references.size === 0) await registry.register(subject, schema, type);
  return schemaId;
}

/** The schema that columns are inferred from: the one with the id, or else the subject's latest. */
export async function schemaToInfer(
  registry: Registry,
  topic: string,
  role: SerdeRole,
  schemaId: number | undefined,
  type: SchemaType,
): Promise<RegisteredSchema | undefined> {
  const found =
    schemaId === undefined ? await registry.latest(`${topic}-${role}`) : await registry.schemaById(schemaId);
  if (found !== undefined) checkType(found, topic, role, type);
  return found;
}

function checkType({ type }: RegisteredSchema, topic: string, role: SerdeRole, wanted: SchemaType): void {
  if (type === wanted) return;
  const [word, property] = role === 'key' ? ['Key', 'KEY_FORMAT'] : ['Value', 'VALUE_FORMAT'];
  throw new StatementError(
    `${word} schema is not in the expected format. You may want to set ${property} to '${type}'.\ntopic: ${topic}\nexpected format: ${wanted}\nactual format from Schema Registry: ${type}`,
  );
}

export const unsupportedSchema = (topic: string, role: SerdeRole, schema: string): StatementError =>
  new StatementError(
    `Unable to verify if the ${role} schema for topic: ${topic} is compatible with ksqlDB.\nReason: unsupported schema\nSchema:${schema}`,
  );

/** The fields of an object are columns; what stands alone is one column. */
export function columnsOfType(type: SqlType, { role, wrapped }: InferenceOptions): readonly Column[] {
  if (!wrapped) return [{ name: role === 'key' ? 'ROWKEY' : 'ROWVAL', type }];
  if (type.kind === 'STRUCT') return type.fields;
  throw new StatementError(
    "Schema returned from schema registry is anonymous type. To use this schema with ksqlDB, set 'WRAP_SINGLE_VALUE=false' in the WITH clause properties.",
  );
}
