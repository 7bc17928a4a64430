import type { Pipeline, ReferenceValues } from '../../pipeline/pipeline.js';
import { resolveReferences } from '../../pipeline/references.js';
import { migrationOf } from '../database/migration.js';
import type { Migration } from '../database/resource.js';
import { inNamespace } from './namespace.js';

/** The ksql migrations as they run here, in order; without values references to servers stay as they are written. */
export function migrationsOf(pipeline: Pipeline, values?: ReferenceValues): readonly Migration[] {
  const written = (pipeline.ksqldb?.migrations ?? []).map((file) => migrationOf(pipeline, file));
  const texts = inNamespace(
    written.map(({ source }) => source),
    pipeline,
  );
  return written.map((one, index) => {
    const sql = texts[index] ?? one.source;
    return { ...one, sql: values === undefined ? sql : resolveReferences(sql, values) };
  });
}
