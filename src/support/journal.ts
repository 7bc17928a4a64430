import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './errors.js';

/** Lines beyond twice the live entries after which the file is written anew. */
const SLACK_LINES = 2000;

/**
 * A small table on disk: the AMQP broker keeps its definitions in it. Every change is one line, appended
 * before it is acknowledged; the last line of a key counts, null removes it. A torn last line (a killed process) is
 * dropped, and the file is written anew when most of it is outdated. What could not be written (a full disk) throws, and is
 * neither in the file nor in the table.
 */
export class Journal<Value> {
  readonly entries = new Map<string, Value>();
  private fd: number;
  private size: number;
  private lines = 0;

  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.fd = openSync(file, 'a+', 0o600);
    this.size = this.load();
    ftruncateSync(this.fd, this.size);
    if (this.lines > this.entries.size) this.tryRewrite();
  }

  /** Gives the bytes of all whole lines: what follows is torn. */
  private load(): number {
    const bytes = readFileSync(this.fd);
    const size = bytes.lastIndexOf('\n') + 1;
    const lines = bytes.toString('utf8', 0, size).split('\n');
    lines.pop();
    for (const line of lines) {
      const [key, value] = JSON.parse(line) as [string, Value | null];
      if (value === null) this.entries.delete(key);
      else this.entries.set(key, value);
    }
    this.lines = lines.length;
    return size;
  }

  /** Where there is no room for it, the old file continues, and it is tried again after as many changes. */
  private tryRewrite(): void {
    const fresh = `${this.file}.new`;
    rmSync(fresh, { force: true });
    this.lines = this.entries.size;
    let fd: number | undefined;
    try {
      fd = openSync(fresh, 'a', 0o600);
      let text = '';
      for (const entry of this.entries) {
        text += `${JSON.stringify(entry)}\n`;
        if (text.length > 1 << 20) {
          writeAll(fd, text);
          text = '';
        }
      }
      writeAll(fd, text);
      renameSync(fresh, this.file);
    } catch (failure) {
      if (fd !== undefined) closeSync(fd);
      rmSync(fresh, { force: true });
      if (['ENOSPC', 'EDQUOT'].includes(codeOf(failure) ?? '')) return;
      throw failure;
    }
    closeSync(this.fd);
    this.fd = fd;
    this.size = fstatSync(fd).size;
  }

  set(key: string, value: Value): void {
    this.setAll([[key, value]]);
  }

  delete(key: string): void {
    this.setAll([[key, null]]);
  }

  /** All of them with one write: after a crash all are there or none (a torn line is dropped from the end). */
  setAll(changes: ReadonlyArray<readonly [key: string, value: Value | null]>): void {
    if (changes.length === 0) return;
    try {
      this.size += writeAll(this.fd, `${changes.map((change) => JSON.stringify(change)).join('\n')}\n`);
    } catch (failure) {
      ftruncateSync(this.fd, this.size); // the next line must not follow a torn one
      throw failure;
    }
    for (const [key, value] of changes) {
      if (value === null) this.entries.delete(key);
      else this.entries.set(key, value);
    }
    this.lines += changes.length;
    if (this.lines > 2 * this.entries.size + SLACK_LINES) this.tryRewrite();
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** Gives the number of bytes. */
function writeAll(fd: number, text: string): number {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
  return bytes.length;
}
