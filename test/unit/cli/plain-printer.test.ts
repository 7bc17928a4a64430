import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { plainPrinter } from '../../../src/cli/event-printers.js';
import type { Shell } from '../../../src/cli/shell.js';

let said: string;
let printer: ReturnType<typeof plainPrinter>;

beforeEach(() => {
  vi.useFakeTimers();
  said = '';
  const err = (text: string): void => {
    said += text;
  };
  printer = plainPrinter({ err } as Shell);
});
afterEach(() => {
  printer.end();
  vi.useRealTimers();
});

const waitFor = (what: string): void => void printer.emit({ kind: 'step-waiting', step: 'services', waitingFor: what });

/** What is said within so many seconds. */
function within(seconds: number): string[] {
  said = '';
  vi.advanceTimersByTime(seconds * 1_000);
  return said.split('\n').slice(0, -1);
}

it('says what is waited for after some seconds, and the same again only after many, with how long it has lasted', () => {
  waitFor('web to become ready');
  expect(within(4)).toEqual([]);
  expect(within(2)).toEqual(['  … services    web to become ready']);
  expect(within(28)).toEqual([]);
  expect(within(2)).toEqual(['  … services    web to become ready (35 s)']);
  waitFor('a consumer in group web');
  expect(within(5)).toEqual(['  … services    a consumer in group web']);
  waitFor('web to become ready');
  expect(within(5)).toEqual(['  … services    web to become ready']);
  printer.emit({ kind: 'step-done', step: 'services', detail: 'web', elapsedMs: 46_000, changed: true });
  expect(within(60)).toEqual([]);
});
