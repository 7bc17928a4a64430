import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { JobSection } from './section.js';

/** Folders that hold what tools make of a program, not the program. */
const NOT_INPUT: ReadonlySet<string> = new Set(['.git', '.evpipe', 'node_modules', '__pycache__', '.venv']);

/**
 * Changes with what the file says of the job and with the content of its inputs. References count as they are written: a
 * port that moved is not a reason to run a migration again.
 */
export function fingerprint({ command, cwd, env, envFile, inputs }: JobSection, folder: string): string {
  const hash = createHash('sha256').update(JSON.stringify({ command, cwd, env, envFile }));
  for (const input of [...inputs, ...(envFile === undefined ? [] : [envFile])]) {
    for (const file of filesOf(resolve(folder, input))) {
      hash.update(`\0${relative(folder, file)}\0`).update(readFileSync(file));
    }
  }
  return hash.digest('hex');
}

/** A file, or all files of a folder in a fixed order; none where nothing is there. */
function filesOf(path: string): readonly string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !NOT_INPUT.has(entry.name) && (entry.isFile() || entry.isDirectory()))
    .map(({ name }) => join(path, name))
    .sort()
    .flatMap(filesOf);
}
