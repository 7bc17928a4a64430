import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSignals } from '../../../../src/embedded/connect/postgresql/signal-channels.js';
import type { Log } from '../../../../src/support/log.js';
import { waitUntil } from '../../../../src/support/retry.js';

const SIGNAL = '{"id": "1", "type": "log", "data": {"message": "hello"}}\n';

let folder: string;
let file: string;
let stop: AbortController;
let ended: Promise<void>;
let warnings: string[];
let arrived: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-signals-'));
  file = join(folder, 'signals.jsonl');
  stop = new AbortController();
  [warnings, arrived] = [[], []];
});
afterEach(async () => {
  stop.abort();
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

function read(): void {
  const log: Log = { info() {}, debug() {}, error() {}, warn: (_, facts) => warnings.push(String(facts?.why)) };
  const channel = { enabled: new Set(['file']), pollMs: 5, file, topic: '', bootstrapServers: '', group: '' };
  ended = readSignals({ prefix: 'shop', signals: channel }, ({ type }) => arrived.push(type), log, stop.signal);
}

const until = (what: string, list: () => readonly string[]) =>
  waitUntil(what, async () => (list().length > 0 ? true : undefined), { timeoutMs: 20_000 });

describe('a signal file', () => {
  it('is read and emptied', async () => {
    writeFileSync(file, SIGNAL);
    read();
    await until('the signal', () => arrived);
    expect([arrived, readFileSync(file, 'utf8')]).toEqual([['log'], '']);
  });

  it.each([
    ['holds anything but signals', () => writeFileSync(file, `${SIGNAL}a diary\n`), 'a line of it is not a signal'],
    ['is too large', () => writeFileSync(file, SIGNAL.repeat(20_000)), 'it has more than 1048576 bytes'],
    [
      'is a pipe that nobody writes to',
      () => void execFileSync('sh', ['-c', 'exec mkfifo "$0"', file]),
      'it is not a file',
    ],
    ['is a folder', () => mkdirSync(file), 'it is not a file'],
  ])('that %s is left alone, is said so once, and ends with its connector', async (_, make, why) => {
    make();
    read();
    await until('the warning', () => warnings);
    stop.abort();
    await ended;
    expect([arrived, warnings]).toEqual([[], [why]]);
  });
});
