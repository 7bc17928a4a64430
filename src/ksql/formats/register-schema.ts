import type { RowSchema } from '../metadata/schema.js';
import type { RecordFormat, Source } from '../metadata/source.js';
import type { SerdeOptions, SerdeRole } from './format.js';
import type { Registry } from './registry.js';
import { formatNamed } from './table.js';

export function serdeOptions(
  format: RecordFormat,
  role: SerdeRole,
  schema: RowSchema,
  topic: string,
  registry: Registry | undefined,
): SerdeOptions {
  const { wrapped, delimiter, schemaFullName, schemaId, nullable } = format;
  return { role, columns: schema[role], wrapped, topic, delimiter, registry, schemaFullName, schemaId, nullable };
}

/** Registers the schema of its keys or values, where there are any and their format has one. */
export async function registerSchema(source: Source, role: SerdeRole, registry: Registry | undefined): Promise<void> {
  const { schema, topic } = source;
  if (schema[role].length === 0) return;
  await formatNamed(source[role].format).prepare?.(serdeOptions(source[role], role, schema, topic, registry));
}
