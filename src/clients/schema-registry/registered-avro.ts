import { parseAvroWithReferences } from '../../protocol/avro/parse-schema.js';
import type { AvroSchema } from '../../protocol/avro/schema.js';
import type { RegisteredSchema, SchemaRegistryClient } from './client.js';
import { referredTexts } from './questions.js';

/** Parses an Avro schema together with those that it refers to. Throws AvroSchemaError. */
export async function parseRegistered(schema: RegisteredSchema, registry: SchemaRegistryClient): Promise<AvroSchema> {
  const texts = await referredTexts(schema.references, async (subject, version) => {
    const referred = await registry.version(subject, version);
    if (referred === undefined) throw new Error(`refers to version ${version} of ${subject}, which does not exist`);
    return referred;
  });
  return parseAvroWithReferences(schema.schema, texts.values());
}
