import { expect, it } from 'vitest';
import { logLineReader, readLogLine } from '../../../src/support/log-line.js';

const NOON = Date.UTC(2026, 0, 31, 12, 0, 0, 123);

it.each([
  ['2026-01-31T12:00:00.123Z ERROR kafka: no', NOON, 'error'],
  ['2026-01-31 12:00:00.123 UTC [71] LOG:  ready', NOON, 'info'],
  ['[2026-01-31 13:00:00,123 +01:00] WARN sink', NOON, 'warn'],
  ['{"time":1769860800123,"level":50,"msg":"no"}', NOON, 'error'],
  ['{"timestamp":"2026-01-31T12:00:00.123Z","level":"warning"}', NOON, 'warn'],
  ['plain words, and a lower-case error', undefined, undefined],
  ['[1, 2', undefined, undefined],
])('the time and the level of %s', (text, atMs, level) => {
  expect(readLogLine(text)).toMatchObject({ atMs, level });
});

it('a line of a stack trace belongs to the line before it, and the next line with a time begins anew', () => {
  const read = logLineReader();
  expect(read('2026-01-31T12:00:00.123Z ERROR no')).toMatchObject({ atMs: NOON, level: 'error' });
  expect(read('    at main (x.js:1:1)')).toMatchObject({ atMs: NOON, level: 'error' });
  expect(read('2026-01-31T12:00:01.123Z went on')).toMatchObject({ atMs: NOON + 1_000, level: undefined });
});
