import { columnsOf } from '../../support/text-columns.js';
import { checkTable } from '../text/check-table.js';
import { failureLines } from '../text/failure-block.js';
import { column, type Line, line, type Span, span, wrap } from '../text/line.js';
import { printable } from '../text/printable.js';
import { duration, span as howLong, progressFigures } from '../text/quantities.js';
import type { StepView, UpState } from './state.js';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** A wider terminal gets no wider lines: the eye has to find the time at their end. */
const COLUMNS_MAX = 110;
const NAME_COLUMNS = 12;
const BAR_COLUMNS = 24;
/** A wait says for how long from here on. */
const LONG_WAIT_MS = 2_000;
const WAIT_LINES_MAX = 3;

/** The screen of `up`: title, a line a step, failure block, notes, checks; reports are written below it at the end. */
export function upLines(state: UpState, view: { readonly columns: number; readonly nowMs: number }): Line[] {
  const columns = Math.min(view.columns, COLUMNS_MAX);
  const lines: Line[] = [];
  if (state.title !== undefined) {
    const { pipeline, target } = state.title;
    lines.push(line(span(printable(pipeline), 'strong'), ` on ${printable(target)}`), line());
  }
  for (const step of state.steps) lines.push(...stepLines(step, columns, view.nowMs, state.ended));
  for (const { level, message } of state.notes) lines.push(...noteLines(level, message, columns));
  const reported = new Set(wholeReports(state) ? state.reports.map((report) => report.check) : []);
  const rows = state.checks.filter(({ check }) => !reported.has(check));
  if (rows.length > 0) {
    lines.push(line(), ...checkTable(rows, columns - 2).map((row) => line('  ', ...row)));
  }
  return lines;
}

function stepLines(step: StepView, columns: number, nowMs: number, ended: boolean): Line[] {
  const name = column(step.step, NAME_COLUMNS);
  switch (step.state) {
    case 'pending':
      return [line(span(`  · ${step.step}`, 'dim'))];
    case 'done': {
      const time = duration(step.elapsedMs ?? 0);
      const texts = wrap(printable(step.detail ?? ''), detailColumns(columns, time)).map((text) => span(text));
      return rows(step.wrong === true ? span('✗', 'bad') : span('✓', 'good'), name, texts, columns, time);
    }
    case 'running': {
      const elapsed = duration(nowMs - (step.startedMs ?? nowMs));
      const mark = ended
        ? span('·', 'dim')
        : span(SPINNER[Math.floor(nowMs / FRAME_MS) % SPINNER.length] ?? '', 'wait');
      const [first = span(''), ...more] = activity(step, detailColumns(columns, elapsed), nowMs);
      const told = ended ? span(`stopped${first.text === '' ? '' : `: ${first.text}`}`) : first;
      return rows(mark, name, [told, ...more], columns, elapsed);
    }
    case 'failed':
      return failedLines(step, name, columns);
  }
}

/** The time is at the end of the first line; further ones begin below the first one's text. */
function rows(mark: Span, name: string, details: readonly Span[], columns: number, time: string): Line[] {
  const [first = span(''), ...more] = details;
  const text = column(first.text, detailColumns(columns, time));
  return [
    line('  ', mark, ` ${name}`, { ...first, text }, span(` ${time}`, 'dim')),
    ...more.map((detail) => line(' '.repeat(4 + NAME_COLUMNS), detail)),
  ];
}

function detailColumns(columns: number, time: string): number {
  return columns - 4 - NAME_COLUMNS - 1 - time.length;
}

/** True where the reports are what was asked for; else only those of checks that are not consistent are shown, beside the table. */
function wholeReports({ title }: UpState): boolean {
  return title?.operation !== 'up';
}

export function shownReports(state: UpState): UpState['reports'] {
  return wholeReports(state) ? state.reports : state.reports.filter(({ verdict }) => verdict !== 'consistent');
}

/** What a running step is doing: waiting for something (on a few lines), counting, or nothing to say yet. */
function activity(step: StepView, columns: number, nowMs: number): Span[] {
  const { waitingFor } = step;
  if (waitingFor !== undefined) {
    const waitedMs = nowMs - waitingFor.sinceMs;
    const since = waitedMs < LONG_WAIT_MS ? '' : ` (${howLong(waitedMs)})`;
    const texts = wrap(`${printable(waitingFor.what)}${since}`, columns - 1);
    return texts.slice(0, WAIT_LINES_MAX).map((text) => span(text, 'wait'));
  }
  const counts = [...step.counts];
  const counting = counts.find(([, { done, total }]) => done < total) ?? counts.at(-1);
  if (counting === undefined) return [];
  const [label, progress] = counting;
  const { done, total } = progress;
  const figures = progressFigures(progress);
  const barColumns = Math.min(BAR_COLUMNS, columns - columnsOf(label) - figures.length - 2);
  return [span(`${printable(label)} ${progressBar(done, total, barColumns)} ${figures}`)];
}

/** `━━━━━╸────`: full, half and empty cells; readable without colour. */
export function progressBar(done: number, total: number, columns: number): string {
  if (columns <= 0) return '';
  const halves = total <= 0 ? 2 * columns : Math.round((Math.min(done, total) / total) * 2 * columns);
  const full = Math.floor(halves / 2);
  const half = halves % 2 === 1 ? '╸' : '';
  return `${'━'.repeat(full)}${half}${'─'.repeat(columns - full - half.length)}`;
}

function failedLines(step: StepView, name: string, columns: number): Line[] {
  const indent = 4 + NAME_COLUMNS;
  const text = step.failure === undefined ? [line('')] : failureLines(step.failure, columns - indent);
  return text.map((one, at) =>
    at === 0 ? line('  ', span('✗', 'bad'), ` ${name}`, ...one) : line(' '.repeat(indent), ...one),
  );
}

function noteLines(level: 'info' | 'warning', message: string, columns: number): Line[] {
  const mark = level === 'warning' ? span('!', 'wait') : span('·', 'dim');
  return wrap(printable(message), columns - 4).map((text, at) =>
    at === 0 ? line('  ', mark, ` ${text}`) : line(`    ${text}`),
  );
}
