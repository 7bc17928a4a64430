import type { Emit, OperationEvent, StepId } from '../kinds/events.js';
import { jsonText } from '../support/json-text.js';
import { progressFigures } from '../ui/text/quantities.js';
import type { Shell } from './shell.js';

/** A reader of an operation's events that prints; `end` stops what it keeps running. */
export interface EventPrinter {
  readonly emit: Emit;
  end(): void | Promise<void>;
}

/** JSON Lines on stdout: every event as it is, one a line at any width; bigints as text. */
export function jsonPrinter(shell: Shell): EventPrinter {
  return { emit: (event) => shell.out(jsonLine(event)), end: () => {} };
}

export const jsonLine = (value: unknown): string => `${jsonText(value)}\n`;

/** Failures and nothing else. */
export function quietPrinter(shell: Shell): EventPrinter {
  return { emit: (event) => void (event.kind === 'step-failed' && shell.err(lineOf(event) ?? '')), end: () => {} };
}

/** A step that waits says so after this long, so that a log shows where a run hangs. */
const REMIND_AFTER_MS = 5_000;
/** And for what it waits still, where that has not changed. */
const STILL_AFTER_MS = 30_000;

const DETAIL_COLUMNS = 56;

interface Wait {
  readonly what: string;
  readonly beganMs: number;
  /** What the step was last said to wait for, and when; at first when it began to wait. */
  said: string | undefined;
  saidMs: number;
}

/** Plain lines on stderr for pipes and CI: one when a step is done or failed, reminders of what is waited for. */
export function plainPrinter(shell: Shell): EventPrinter {
  const waits = new Map<StepId, Wait>();
  const remind = setInterval(() => {
    for (const [step, wait] of waits) {
      const nowMs = performance.now();
      const isStill = wait.what === wait.said;
      if (nowMs - wait.saidMs < (isStill ? STILL_AFTER_MS : REMIND_AFTER_MS)) continue;
      wait.saidMs = nowMs;
      wait.said = wait.what;
      const howLong = isStill ? ` (${Math.round((nowMs - wait.beganMs) / 1_000)} s)` : '';
      shell.err(`  … ${step.padEnd(11)} ${wait.what}${howLong}\n`);
    }
  }, 1_000);
  remind.unref();
  return {
    emit: (event) => {
      trackWaits(waits, event);
      const text = lineOf(event);
      if (text !== undefined) shell.err(text);
    },
    end: () => clearInterval(remind),
  };
}

function trackWaits(waits: Map<StepId, Wait>, event: OperationEvent): void {
  const nowMs = performance.now();
  const waitsFor = (step: StepId, what: string): void => {
    const before = waits.get(step);
    const beganMs = before?.what === what ? before.beganMs : nowMs;
    waits.set(step, { what, beganMs, said: before?.said, saidMs: before?.saidMs ?? nowMs });
  };
  if (event.kind === 'step-waiting') waitsFor(event.step, event.waitingFor);
  if (event.kind === 'step-progress' && event.leftMs !== undefined)
    waitsFor(event.step, `${event.label} ${progressFigures(event)}`);
  if (event.kind === 'step-done' || event.kind === 'step-failed') waits.delete(event.step);
}

function lineOf(event: OperationEvent): string | undefined {
  switch (event.kind) {
    case 'operation':
      return `${event.pipeline} on ${event.target}\n`;
    case 'step-done':
      return `  ${event.wrong === true ? '✗' : '✓'} ${event.step.padEnd(11)} ${event.detail.padEnd(DETAIL_COLUMNS)} ${seconds(event.elapsedMs).padStart(6)}\n`;
    case 'step-failed': {
      const { message, todo, location } = event.failure;
      const more = [location === undefined ? undefined : `${location.file}:${location.line}:${location.column}`, todo];
      const lines = [...message.split('\n'), ...more.flatMap((line) => (line === undefined ? [] : line.split('\n')))];
      return `  ✗ ${event.step.padEnd(11)} ${lines.join(`\n${' '.repeat(16)}`)}\n`;
    }
    case 'note':
      return `  ${event.level === 'warning' ? '!' : '·'} ${event.message}\n`;
    default:
      return undefined;
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`;
}
