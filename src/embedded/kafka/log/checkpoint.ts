import { join } from 'node:path';
import { readJson, writeJson } from '../../../support/json-file.js';
import type { AbortedTransaction, ProducerEntry } from './producer-state.js';

/** What a partition's log was when this was written: recovery reads and checks only what came later. */
export interface Checkpoint {
  readonly version: 1;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly cleanedTo: number;
  readonly segments: ReadonlyArray<{
    readonly base: number;
    readonly size: number;
    readonly lastOffset: number;
    readonly maxTimestamp: number;
  }>;
  readonly producers: ReadonlyArray<readonly [id: number, entry: ProducerEntry]>;
  readonly aborted: readonly AbortedTransaction[];
}

const fileIn = (dir: string): string => join(dir, 'checkpoint.json');

/** Undefined where there is none, or a damaged one: then the whole log is read. */
export function readCheckpoint(dir: string): Checkpoint | undefined {
  try {
    return readJson<Checkpoint>(fileIn(dir), 1);
  } catch (failure) {
    if (failure instanceof SyntaxError) return undefined;
    throw failure;
  }
}

export const writeCheckpoint = (dir: string, checkpoint: Checkpoint): void => writeJson(fileIn(dir), checkpoint);
