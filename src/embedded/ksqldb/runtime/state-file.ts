import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PieceFile } from '../../../ksql/rows/entry-pieces.js';

/** Ranges are as long as the next power of two, so that those that are given back serve what comes. */
const RANGE_BYTES_MIN = 4096;

/**
 * What an engine's state has no room for in memory. It is made when it is first needed and has no name from then on: however the
 * process ends, nothing is left of it. The changelogs have all that is in it.
 */
export class StateFile implements PieceFile {
  private fd: number | undefined;
  private end = 0;
  /** Where ranges begin that are not in use, by their length. */
  private readonly unused = new Map<number, number[]>();

  constructor(private readonly folder: string) {}

  write(piece: Buffer): number {
    this.fd ??= this.open();
    const at = this.allocate(rangeBytes(piece.length));
    for (let done = 0; done < piece.length; ) {
      done += writeSync(this.fd, piece, done, piece.length - done, at + done);
    }
    return at;
  }

  read(into: Buffer, at: number): void {
    for (let done = 0; done < into.length; ) {
      const count = this.fd === undefined ? 0 : readSync(this.fd, into, done, into.length - done, at + done);
      if (count === 0) throw new RangeError('the file of states ends before an entry does');
      done += count;
    }
  }

  free(at: number, length: number): void {
    const range = rangeBytes(length);
    const unused = this.unused.get(range);
    if (unused === undefined) this.unused.set(range, [at]);
    else unused.push(at);
  }

  /** How far it goes. */
  get bytes(): number {
    return this.end;
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private open(): number {
    mkdirSync(this.folder, { recursive: true });
    const path = join(this.folder, `state-${randomUUID()}`);
    const fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return fd;
  }

  private allocate(range: number): number {
    const unused = this.unused.get(range)?.pop();
    if (unused !== undefined) return unused;
    const at = this.end;
    this.end += range;
    return at;
  }
}

const rangeBytes = (length: number): number => 2 ** Math.ceil(Math.log2(Math.max(length, RANGE_BYTES_MIN)));
