import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { codeOf } from './errors.js';

/** A small state file, readable by its owner only: written beside and renamed, so a reader never sees half of it. */
export function writeJson(file: string, value: unknown): void {
  const unfinished = `${file}.${process.pid}.new`;
  try {
    writeFileSync(unfinished, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(unfinished, file);
  } catch (failure) {
    rmSync(unfinished, { force: true }); // half of one would keep the last room of a full disk
    throw failure;
  }
}

/** The same, but only where there is none yet: of two that write at once one wins. False: it was there. */
export function createJson(file: string, value: unknown): boolean {
  const unfinished = `${file}.${process.pid}.new`;
  writeFileSync(unfinished, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  try {
    linkSync(unfinished, file); // unlike rename it does not replace
    return true;
  } catch (failure) {
    if (codeOf(failure) === 'EEXIST') return false;
    throw failure;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** Undefined where there is none, or none of this version: state files are hints to be rebuilt, except where said otherwise. */
export function readJson<T extends { readonly version: number }>(file: string, version: T['version']): T | undefined {
  const value = readAnyJson<T>(file);
  return value?.version === version ? value : undefined;
}

/** Of whatever version; undefined where there is none. */
export function readAnyJson<T>(file: string): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return undefined;
    throw failure;
  }
  return JSON.parse(text) as T;
}
