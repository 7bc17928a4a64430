import { type AvroNames, type AvroSchema, parseAvroSchema } from '../../protocol/avro/schema.js';
import type { RegisteredSchema, SchemaReference, SchemaRegistryClient } from './client.js';

/** Parses an Avro schema together with those that it refers to. Throws AvroSchemaError. */
export async function parseRegistered(schema: RegisteredSchema, registry: SchemaRegistryClient): Promise<AvroSchema> {
  const names: AvroNames = new Map();
  await addReferences(schema.references, names, registry, new Set());
  return parseAvroSchema(schema.schema, names);
}

async function addReferences(
  references: readonly SchemaReference[],
  names: AvroNames,
  registry: SchemaRegistryClient,
  visited: Set<string>,
): Promise<void> {
  for (const { subject, version } of references) {
    const place = `${subject}\n${version}`;
    if (visited.has(place)) continue;
    visited.add(place);
    const referenced = await registry.version(subject, version);
    if (referenced === undefined) throw new Error(`refers to version ${version} of ${subject}, which does not exist`);
    await addReferences(referenced.references, names, registry, visited);
    parseAvroSchema(referenced.schema, names);
  }
}
