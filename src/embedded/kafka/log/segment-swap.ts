import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../../support/errors.js';
import { Segment, segmentFile } from './segment.js';

/*
 * Compaction puts one file in the place of several segments, in steps that a kill may interrupt: the complete file gets a name
 * that says which offsets it replaces, the old segments go, and it is renamed to what a segment is called. From the first step on
 * the next start completes the rest.
 */

/** A cleaned file that is complete and about to take the place of the segments with these offsets. */
const swapName = (baseOffset: number, lastOffset: number): string => `${baseOffset}-${lastOffset}.swap`;

/** False where nothing was left in the file, so that no segment comes of it. */
function finishSwap(swap: string, file: string): boolean {
  if (statSync(swap).size > 0) {
    renameSync(swap, file);
    return true;
  }
  rmSync(swap);
  return false;
}

/** Removes the old segments; gives what brings the file into their place, or nothing where it is empty. */
export function beginSwap(
  old: readonly [Segment, ...Segment[]],
  file: string,
  dir: string,
): () => readonly [] | readonly [Segment] {
  const [first] = old;
  const lastOffset = old.at(-1)?.lastOffset ?? first.lastOffset;
  const swap = join(dir, swapName(first.baseOffset, lastOffset));
  renameSync(file, swap);
  for (const segment of old) segment.remove();
  return () => (finishSwap(swap, first.file) ? [swappedSegment(dir, first.baseOffset, lastOffset)] : []);
}

function swappedSegment(dir: string, baseOffset: number, lastOffset: number): Segment {
  const fresh = new Segment(dir, baseOffset);
  fresh.reindex();
  fresh.lastOffset = lastOffset;
  fresh.index.unload();
  return fresh;
}

/** Completes what a kill interrupted after `beginSwap`; gives the base offsets of the segments that came of it. */
export function finishSwaps(dir: string): ReadonlySet<number> {
  const files = readFolder(dir);
  const swapped = new Set<number>();
  for (const swap of files) {
    const [, from, to] = /^(\d+)-(\d+)\.swap$/.exec(swap) ?? [];
    if (from === undefined || to === undefined) continue;
    for (const file of files.filter((name) => /\.(log|index)$/.test(name))) {
      const base = Number.parseInt(file, 10);
      if (base >= Number(from) && base <= Number(to)) rmSync(join(dir, file));
    }
    if (finishSwap(join(dir, swap), segmentFile(dir, Number(from)))) swapped.add(Number(from));
  }
  return swapped;
}

/** Empty where there is no folder. */
export function readFolder(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return [];
    throw failure;
  }
}
