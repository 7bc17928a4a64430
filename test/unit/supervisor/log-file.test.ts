import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from '../../../src/supervisor/log/log-file.js';
import { logNames, type ProcessLine, readLogs } from '../../../src/supervisor/log/log-reader.js';

let stateFolder: string;
let log: LogFile;

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'evpipe-logs-'));
  mkdirSync(join(stateFolder, 'logs'));
  log = new LogFile(join(stateFolder, 'logs', 'kafka.log'));
});

afterEach(() => rmSync(stateFolder, { recursive: true, force: true }));

describe('the log of a process', () => {
  it('gives the last lines that the process wrote itself', () => {
    appendFileSync(log.path, 'before\n');
    const since = log.size();
    log.note('it runs as process 1');
    appendFileSync(log.path, 'one\n\ntwo\nthree\n');
    expect(log.lastLines(2)).toEqual(['two', 'three']);
    expect(log.lastLines(10, since)).toEqual(['one', 'two', 'three']);
    expect(log.lastLines(10, since + 1_000_000), 'rotated since').toEqual(['before', 'one', 'two', 'three']);
  });

  it('keeps the reason of a stack trace and its first frame', () => {
    const frames = Array.from({ length: 12 }, (_, n) => `    at function${n} (file.js:${n}:1)\n`);
    appendFileSync(log.path, `Error: the reason\n${frames.join('')}Node.js v20\n`);
    expect(log.lastLines(10)).toEqual(['Error: the reason', '    at function0 (file.js:0:1)', 'Node.js v20']);
  });

  it('is bounded: what is too large is set aside once', () => {
    appendFileSync(log.path, 'x'.repeat(100));
    log.rotateWhenLarge(100);
    expect(log.size()).toBe(100);
    log.rotateWhenLarge(99);
    expect([log.size(), readFileSync(`${log.path}.1`, 'utf8').length]).toEqual([0, 100]);
  });

  it('is merged with others by time, each in its own order, a stack trace with the line above it', async () => {
    appendFileSync(log.path, '2026-01-31T12:00:01Z INFO one\n2026-01-31T12:00:03Z ERROR three\n  at x\n');
    const connect = new LogFile(join(stateFolder, 'logs', 'connect.log'));
    appendFileSync(connect.path, 'banner\n[2026-01-31 12:00:02,000] INFO two\n[2026-01-31 12:00:04,000] INFO four\n');
    const found: string[] = [];
    for await (const { text } of readLogs(stateFolder, ['connect', 'kafka'], {})) found.push(text);
    expect(found.map((text) => text.split(' ').at(-1))).toEqual(['banner', 'one', 'two', 'three', 'x', 'four']);
  });

  it('is read from its last lines on and followed through a rotation, whatever block a character is cut by', async () => {
    expect(logNames(stateFolder)).toEqual([]);
    const many = Array.from({ length: 30_000 }, (_, n) => `zeile ä${n}`);
    appendFileSync(log.path, `${many.join('\n')}\nhalf a l`);
    expect(logNames(stateFolder)).toEqual(['kafka']);
    const ended = new AbortController();
    const lines: string[] = [];
    const following = readLogs(stateFolder, ['kafka', 'unknown'], { tail: 20_000, follow: true, signal: ended.signal });
    for await (const { text } of following as AsyncIterable<ProcessLine>) {
      lines.push(text);
      if (lines.length === 20_000) appendFileSync(log.path, 'ine\n');
      if (text === 'half a line') {
        log.rotateWhenLarge(10);
        appendFileSync(log.path, 'ünten\n');
      }
      if (text === 'ünten') ended.abort();
    }
    expect(lines.slice(0, 20_000)).toEqual(many.slice(-20_000));
    expect(lines.slice(20_000)).toEqual(['half a line', 'ünten']);
  });
});
