import { closeSync, ftruncateSync, openSync, readFileSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Reads of messages that follow each other hit this much at once. */
const READ_AHEAD_BYTES = 256 * 1024;

/** One file of a queue's log. Its file is open only while it is written to or read from. */
export class Segment {
  size = 0;
  /** Messages in it that are still wanted, and their bytes. */
  live = 0;
  liveBytes = 0;
  private fd: number | undefined;
  private readonly file: string;
  private ahead: { readonly from: number; readonly bytes: Buffer } | undefined;

  constructor(
    dir: string,
    readonly number: number,
  ) {
    this.file = join(dir, `${String(number).padStart(10, '0')}.log`);
  }

  private open(): number {
    this.fd ??= openSync(this.file, 'a+', 0o600);
    return this.fd;
  }

  /** Throws what the file system says; then the file ends where it did before. */
  append(bytes: Buffer): void {
    const fd = this.open();
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
    } catch (failure) {
      if (written > 0) ftruncateSync(fd, this.size);
      throw failure;
    }
    this.size += bytes.length;
  }

  read(position: number, length: number): Buffer {
    const { ahead } = this;
    if (ahead !== undefined && position >= ahead.from && position + length <= ahead.from + ahead.bytes.length) {
      return ahead.bytes.subarray(position - ahead.from, position - ahead.from + length);
    }
    const bytes = Buffer.allocUnsafe(Math.min(Math.max(length, READ_AHEAD_BYTES), this.size - position));
    const fd = this.open();
    for (let read = 0; read < bytes.length; ) {
      const more = readSync(fd, bytes, read, bytes.length - read, position + read);
      if (more === 0) throw new Error(`${this.file} ends before ${position + length}`);
      read += more;
    }
    this.ahead = { from: position, bytes };
    return bytes.subarray(0, length);
  }

  /** All of it, for recovery. */
  load(): Buffer {
    this.size = statSync(this.file).size;
    return readFileSync(this.file);
  }

  truncate(size: number): void {
    ftruncateSync(this.open(), size);
    this.size = size;
  }

  close(): void {
    this.ahead = undefined;
    if (this.fd === undefined) return;
    closeSync(this.fd);
    this.fd = undefined;
  }

  remove(): void {
    this.close();
    rmSync(this.file, { force: true });
  }
}
