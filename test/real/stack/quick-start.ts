import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** JVMs of tests live for seconds: one compiler and one collecting thread save more than they cost. */
export const QUICK_FLAGS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'] as const;

/** Also with the classes that an earlier run left, where there was one: loading them is half of a start. */
export const withArchive = (archive: string): readonly string[] => [
  ...QUICK_FLAGS,
  ...(existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : []),
];

/** What the first run needs to leave its classes, in a file of its own. */
export const leavingClasses = (file: string): readonly string[] => [...QUICK_FLAGS, `-XX:ArchiveClassesAtExit=${file}`];

/** Makes of that file the archive of later runs; it appears by rename, so it is whole or absent. */
export async function keepArchive(file: string, archive: string): Promise<void> {
  const unfinished = await mkdtemp(join(dirname(archive), 'unfinished-'));
  try {
    await copyFile(file, join(unfinished, 'classes'));
    await rename(join(unfinished, 'classes'), archive);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}
