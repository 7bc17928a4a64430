import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, EvpipeError } from '../../support/errors.js';

/** What may lie in a folder that still counts as empty. */
const HARMLESS = new Set(['.git']);

/** Throws EVPIPE_FOLDER_NOT_EMPTY (kind usage) where something is in the folder; one that is missing is fine. */
export function requireEmpty(folder: string): void {
  if (!existsSync(folder)) return;
  const [found] = entriesOf(folder);
  if (found === undefined) return;
  throw new EvpipeError('EVPIPE_FOLDER_NOT_EMPTY', `${folder} is not empty: it has ${found}`, {
    kind: 'usage',
    todo: 'Name a folder that does not exist yet, or an empty one.',
  });
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => !HARMLESS.has(name));
  } catch (failure) {
    if (codeOf(failure) !== 'ENOTDIR') throw failure;
    return [`${basename(folder)}, a file`];
  }
}

/**
 * Fills a folder all at once: `fill` writes into a temporary one beside it, whose entries are then moved; where it
 * throws, nothing has changed. What is there under the same names is replaced; all else stays.
 */
export async function fillFolder(folder: string, fill: (temporary: string) => Promise<void> | void): Promise<void> {
  const firstMade = mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(join(dirname(folder), `.${basename(folder)}.`));
  try {
    await fill(temporary);
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(temporary)) {
      rmSync(join(folder, name), { recursive: true, force: true });
      renameSync(join(temporary, name), join(folder, name));
    }
  } catch (failure) {
    if (firstMade !== undefined) rmSync(firstMade, { recursive: true, force: true });
    throw failure;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
