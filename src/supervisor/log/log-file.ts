import {
  appendFileSync,
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';

/** Per process: this much, and as much again in `.1`. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;
/** How far back the last lines are looked for. */
const TAIL_BYTES = 64 * 1024;

/**
 * The log of one process. The process itself writes to it (its stdout and stderr are this file, opened for append), so
 * that nothing is lost and nothing breaks when the supervisor dies; the supervisor adds a line of its own at start and end.
 */
export class LogFile {
  constructor(readonly path: string) {}

  /** For a child's stdio; the caller closes it. */
  open(): number {
    return openSync(this.path, 'a', 0o600);
  }

  size(): number {
    try {
      return statSync(this.path).size;
    } catch {
      return 0;
    }
  }

  /** A line of the supervisor's own; lost on a full disk, which must not end the supervisor. */
  note(text: string): void {
    try {
      appendFileSync(this.path, `${new Date().toISOString()} INFO  supervisor: ${text}\n`, { mode: 0o600 });
    } catch {
      // The report has the same.
    }
  }

  /** Copied aside and emptied: the writer has it open and continues at the new beginning. */
  rotateWhenLarge(bytesMax: number = LOG_BYTES_MAX): void {
    if (this.size() <= bytesMax) return;
    try {
      copyFileSync(this.path, `${this.path}.1`);
    } catch {
      rmSync(`${this.path}.1`, { force: true }); // a full disk: its room matters more than its lines
    }
    truncateSync(this.path);
  }

  /** What was written since an earlier size, at most the last 64 KiB of it. */
  textSince(offset: number): string {
    return readText(this.path, Math.max(offset, this.size() - TAIL_BYTES));
  }

  /** The last lines that the process itself wrote since an earlier size, oldest first; of a stack trace its first frame. */
  lastLines(count: number, since = 0): string[] {
    const start = since <= this.size() ? since : 0; // rotated in between
    const lines = this.textSince(start).split('\n');
    return lines
      .filter((line) => line.trim() !== '' && !/^\S+ INFO {2}supervisor: /.test(line))
      .filter((line, index, all) => !(FRAME.test(line) && FRAME.test(all[index - 1] ?? '')))
      .slice(-count);
  }
}

/** The reason is above its frames, where ten lines of frames would hide it. */
const FRAME = /^\s+at /;

/** The text of a file from an offset on; empty where there is none. */
function readText(path: string, from: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const length = Math.max(0, fstatSync(descriptor).size - from);
    const buffer = Buffer.alloc(length);
    const read = readSync(descriptor, buffer, 0, length, from);
    return buffer.toString('utf8', 0, read);
  } finally {
    closeSync(descriptor);
  }
}
