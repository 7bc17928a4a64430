import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Lines beyond twice the live entries after which the file is written anew. */
const SLACK_LINES = 2000;

/**
 * A small table on disk: brokers keep groups, offsets, transactions and definitions in it. Every change is one line, appended
 * before it is acknowledged; the last line of a key counts, null removes it. A torn last line (a killed process) is
 * dropped, and the file is written anew when most of it is outdated.
 */
export class Journal<Value> {
  readonly entries = new Map<string, Value>();
  private fd: number;
  private lines = 0;

  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.load();
    this.fd = this.rewrite();
  }

  private load(): void {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw failure;
    }
    const lines = text.split('\n');
    lines.pop(); // what follows the last line break is empty, or torn
    for (const line of lines) {
      const [key, value] = JSON.parse(line) as [string, Value | null];
      if (value === null) this.entries.delete(key);
      else this.entries.set(key, value);
    }
  }

  private rewrite(): number {
    const fresh = `${this.file}.new`;
    const fd = openSync(fresh, 'w', 0o600);
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
    this.lines = this.entries.size;
    return fd;
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
    writeAll(this.fd, `${changes.map((change) => JSON.stringify(change)).join('\n')}\n`);
    for (const [key, value] of changes) {
      if (value === null) this.entries.delete(key);
      else this.entries.set(key, value);
    }
    this.lines += changes.length;
    if (this.lines <= 2 * this.entries.size + SLACK_LINES) return;
    closeSync(this.fd);
    this.fd = this.rewrite();
  }

  close(): void {
    closeSync(this.fd);
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}
