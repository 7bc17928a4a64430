import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryFolder } from './repository.js';

const run = promisify(execFile);

/** What a program needs to be run by `python3` with packages of its own. */
export interface Python {
  readonly env: { readonly PYTHONPATH: string };
}

/**
 * Packages from PyPI (`name==version` each) in a folder of their own below `.real-stack/`. The first call fetches them, later ones find
 * them; the folder's name holds a checksum of what was asked for, and it appears by rename, whole or not at all.
 */
export async function pythonWith(...packages: readonly string[]): Promise<Python> {
  return { env: { PYTHONPATH: await fetched('python', (folder) => ['install', '--target', folder], packages) } };
}

/** The same as files that pip can install from, for a program that makes a virtual environment of its own. */
export const wheelsFor = (...packages: readonly string[]): Promise<string> =>
  fetched('wheels', (folder) => ['download', '--dest', folder], packages);

async function fetched(
  kind: string,
  command: (folder: string) => readonly string[],
  packages: readonly string[],
): Promise<string> {
  const checksum = createHash('sha256')
    .update([...packages].sort().join('\n'))
    .digest('hex');
  const cache = join(repositoryFolder, '.real-stack');
  const folder = join(cache, `${kind}-${checksum.slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, 'unfinished-'));
  try {
    const pip = ['-m', 'pip', ...command(unfinished), '--quiet', '--disable-pip-version-check', ...packages];
    await run('python3', pip, { maxBuffer: 64 << 20 });
    await rename(unfinished, folder);
  } catch (failure) {
    if (!existsSync(folder)) throw failure;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}
