import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Pipeline, ReferenceValues } from '../../pipeline/pipeline.js';
import { resolveReferences } from '../../pipeline/references.js';
import type { Migration } from './resource.js';

/** A SQL file as it runs here; without values its references stay as they are written. The checksum is of the file, the statements have the target's addresses. */
export function migrationOf({ folder }: Pipeline, file: string, values?: ReferenceValues): Migration {
  const source = readFileSync(file, 'utf8');
  const shown = file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file;
  return {
    name: basename(file, '.sql'),
    file: shown,
    source,
    sql: values === undefined ? source : resolveReferences(source, values),
  };
}
