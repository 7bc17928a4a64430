import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { logLineReader } from '../../support/log-line.js';
import { pause } from '../../support/retry.js';
import { stateFile } from '../state/state.js';

export interface ProcessLine {
  readonly process: string;
  readonly text: string;
}

export interface ReadLogsOptions {
  /** Lines of the past, per process; default 100. */
  readonly tail?: number;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

const TAIL_LINES = 100;
const BLOCK_BYTES = 64 * 1024;
/** How often followed logs are looked at; file watching is not to be relied on everywhere. */
const FOLLOW_PAUSE_MS = 150;

/** Processes that have a log, the supervisor's own left out. */
export function logNames(stateFolder: string): string[] {
  try {
    const files = readdirSync(stateFile.logs(stateFolder)).filter((file) => file.endsWith('.log'));
    return files
      .map((file) => file.slice(0, -'.log'.length))
      .filter((name) => name !== 'supervisor')
      .sort();
  } catch {
    return []; // nothing was ever started
  }
}

/** The last lines of each log, merged by time, then (follow) whatever is written, until the signal. Needs no supervisor: logs are files. */
export async function* readLogs(
  stateFolder: string,
  processes: readonly string[],
  options: ReadLogsOptions,
): AsyncGenerator<ProcessLine> {
  const followed = processes.map((process) => new FollowedLog(process, stateFile.log(stateFolder, process)));
  yield* mergedByTime(followed.map((log) => [...log.lastLines(options.tail ?? TAIL_LINES)]));
  while (options.follow === true && options.signal?.aborted !== true) {
    for (const log of followed) yield* log.newLines();
    await pause(FOLLOW_PAUSE_MS, options.signal).catch(() => {});
  }
}

/** All lines in the order of their times; each log's own order stays, and what has no time comes with the line before it. */
function mergedByTime(logs: readonly (readonly ProcessLine[])[]): readonly ProcessLine[] {
  const timed = logs.flatMap((lines) => {
    const read = logLineReader();
    let newestMs = 0;
    return lines.map((line) => {
      newestMs = Math.max(newestMs, read(line.text).atMs ?? 0);
      return { line, atMs: newestMs };
    });
  });
  return timed.sort((a, b) => a.atMs - b.atMs).map(({ line }) => line);
}

class FollowedLog {
  private offset = 0;
  private rest = '';
  private decoder = new StringDecoder('utf8');

  constructor(
    private readonly process: string,
    private readonly path: string,
  ) {}

  *lastLines(count: number): Generator<ProcessLine> {
    const size = sizeOf(this.path);
    let text = '';
    let start = size;
    while (start > 0 && text.split('\n').length <= count + 1) {
      const length = Math.min(BLOCK_BYTES, start);
      start -= length;
      text = this.read(start, length).toString('latin1') + text; // bytes as characters: blocks may cut one
    }
    this.offset = size;
    const lines = Buffer.from(text, 'latin1').toString('utf8').split('\n');
    this.rest = lines.pop() ?? '';
    if (count > 0) for (const line of lines.slice(-count)) yield this.line(line);
  }

  *newLines(): Generator<ProcessLine> {
    const size = sizeOf(this.path);
    if (size < this.offset) this.offset = 0; // rotated: it begins anew
    while (this.offset < size) {
      const block = this.read(this.offset, Math.min(BLOCK_BYTES, size - this.offset));
      if (block.length === 0) return;
      this.offset += block.length;
      const lines = (this.rest + this.decoder.write(block)).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) yield this.line(line);
    }
  }

  private line(text: string): ProcessLine {
    return { process: this.process, text };
  }

  private read(from: number, length: number): Buffer {
    const descriptor = openSync(this.path, 'r');
    try {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, fstatSync(descriptor).size - from)));
      return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, from));
    } finally {
      closeSync(descriptor);
    }
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
