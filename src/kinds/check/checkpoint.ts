import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint, Definition, SideStanding, Standing } from '../../consistency/compare.js';
import { Buckets, type SideName } from '../../consistency/side.js';
import { counted } from '../../support/counted.js';
import { messageOf } from '../../support/errors.js';
import { readJson, writeJson } from '../../support/json-file.js';

/** What a run of a check leaves in the state folder while it reads, for one that goes on where it was stopped. */
interface CheckpointFile {
  readonly version: 1;
  /** Hash of what was compared and how; another one makes the rest worthless. */
  readonly definition: string;
  readonly startedAt: string;
  readonly of: number;
  readonly sides: Partial<Record<SideName, StoredSide>>;
}

interface StoredSide extends Pick<SideStanding, 'then' | 'relation' | 'page'> {
  /** Base64 of the numbers' bytes. */
  readonly counts: string;
  readonly sums: string;
}

/** A stopped run loses this much reading at most; a run that is shorter leaves nothing. */
const SAVE_EVERY_MS = 1_000;
/** Transaction ids come round again, and what was read long ago proves less and less. */
const AGE_MAX_MS = 24 * 3_600_000;

export interface CheckpointOptions {
  /** Of the pipeline. */
  readonly stateFolder: string;
  readonly target: string;
  /** Go on where the run before was stopped. */
  readonly resume: boolean;
  note(level: 'info' | 'warning', message: string): void;
}

export interface OpenCheckpoint extends Checkpoint {
  /** The check has its verdict: nothing is left to go on with. */
  remove(): void;
}

/** Where nothing usable is kept, a check is read from its beginning, and says so. */
export function openCheckpoint(
  check: string,
  { stateFolder, target, resume, ...options }: CheckpointOptions,
): OpenCheckpoint {
  const folder = join(stateFolder, 'checkpoints');
  const file = join(folder, `${encodeURIComponent(check)}.json`);
  let begun = new Date().toISOString();
  let savedMs = performance.now();
  const note = (message: string, level: 'info' | 'warning' = 'info'): void =>
    options.note(level, `check ${check}: ${message}`);
  const hashOf = (definition: Definition): string =>
    createHash('sha256')
      .update(JSON.stringify([target, definition]))
      .digest('hex');
  return {
    load: (definition) => {
      if (!resume) return undefined;
      const stored = readStored(file);
      if (stored === undefined) {
        note('no stopped run to resume, so all is read');
        return undefined;
      }
      const age = Date.now() - Date.parse(stored.startedAt);
      if (stored.definition !== hashOf(definition) || !(age < AGE_MAX_MS)) {
        const why = age < AGE_MAX_MS ? 'what is compared has changed since' : 'it began more than a day ago';
        note(`the run of ${stored.startedAt} can't be resumed, because ${why}; all is read`);
        return undefined;
      }
      begun = stored.startedAt;
      const standing = standingOf(stored);
      const rows = Object.values(standing.sides).reduce((sum, { buckets }) => sum + buckets.rows, 0);
      note(`resumes the run of ${begun} after ${counted(rows, 'row')}`);
      return standing;
    },
    save: (definition, { of, sides }) => {
      if (performance.now() - savedMs < SAVE_EVERY_MS) return;
      savedMs = performance.now();
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const stored = Object.fromEntries(
          Object.entries(sides).map(([side, standing]) => [side, storedSide(standing)]),
        );
        writeJson(file, {
          ...{ version: 1, definition: hashOf(definition), startedAt: begun, of },
          sides: stored,
        } satisfies CheckpointFile);
      } catch (failure) {
        savedMs = Number.POSITIVE_INFINITY;
        note(`cannot be resumed if it is stopped: ${messageOf(failure)}`, 'warning');
      }
    },
    remove: () => rmSync(file, { force: true }),
  };
}

/** A file that can't be read is none. */
function readStored(file: string): CheckpointFile | undefined {
  try {
    return readJson<CheckpointFile>(file, 1);
  } catch {
    return undefined;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array | BigInt64Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

const storedSide = ({ then, relation, page, buckets }: SideStanding): StoredSide => ({
  ...{ then, relation, page },
  counts: bytesOf(buckets.counts),
  sums: bytesOf(buckets.sums),
});

function standingOf({ of, sides }: CheckpointFile): Standing {
  const restored = Object.entries(sides).map(([side, { then, relation, page, counts, sums }]) => {
    const buckets = new Buckets(of);
    Buffer.from(counts, 'base64').copy(new Uint8Array(buckets.counts.buffer));
    Buffer.from(sums, 'base64').copy(new Uint8Array(buckets.sums.buffer));
    return [side, { then, relation, page, buckets }];
  });
  return { of, sides: Object.fromEntries(restored) };
}
