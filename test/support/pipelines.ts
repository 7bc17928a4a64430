import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const folder = fileURLToPath(new URL('../../pipelines', import.meta.url));

const fileOf = (pipeline: string): string => join(folder, pipeline, 'evpipe.yaml');

/** The names of all that are in pipelines/. */
export const PIPELINES: readonly string[] = readdirSync(folder)
  .filter((name) => existsSync(fileOf(name)))
  .sort();

/** The profiles that a pipeline's file has. */
export function profilesOf(pipeline: string): readonly string[] {
  const { profiles } = parse(readFileSync(fileOf(pipeline), 'utf8')) as { profiles?: Record<string, unknown> };
  return Object.keys(profiles ?? {});
}
