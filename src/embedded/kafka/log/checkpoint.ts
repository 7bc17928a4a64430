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

export const readCheckpoint = (dir: string): Checkpoint | undefined => readJson<Checkpoint>(fileIn(dir), 1);
export const writeCheckpoint = (dir: string, checkpoint: Checkpoint): void => writeJson(fileIn(dir), checkpoint);
