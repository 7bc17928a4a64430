import type { CheckReport } from '../kinds/events.js';
import type { StatusReport } from '../kinds/status-report.js';
import { bytes, span as howLong } from '../ui/text/quantities.js';
import { checksBody, escaped, htmlPage, htmlTable } from './check-page.js';
import type { LagSeries } from './lag-samples.js';

export interface PageFacts {
  readonly status: StatusReport;
  /** The flow as SVG, from drawSvg. */
  readonly drawing: string;
  readonly checks: readonly CheckReport[];
  readonly lags: readonly LagSeries[];
  /** ISO. */
  readonly at: string;
}

const MARKS = { good: '✓', waiting: '…', bad: '✗' } as const;

/** One page of a pipeline as it is now, that needs no other file and loads none. */
export function reportPage({ status, drawing, checks, lags, at }: PageFacts): string {
  const { pipeline, target, upMs, notes } = status;
  const up = upMs === undefined ? '' : `, up ${howLong(upMs)}`;
  const components = [
    ['component', 'state', 'address', 'memory', 'restarts', 'last error'],
    ...status.components.map((one) => [
      `${MARKS[one.health]} ${escaped(one.name)}`,
      escaped(one.state),
      escaped(one.address ?? ''),
      one.memoryBytes === undefined ? '' : bytes(one.memoryBytes),
      one.restarts === undefined || one.restarts === 0 ? '' : String(one.restarts),
      escaped(one.lastError ?? ''),
    ]),
  ];
  const groups = [
    ['group', 'lag now', 'at most', 'while the checks ran'],
    ...lags.map(({ group, lags: series }) => [
      escaped(group),
      String(series.at(-1) ?? 0),
      String(Math.max(0, ...series)),
      sparkline(series),
    ]),
  ];
  const body = [
    `<p>on ${escaped(target)}${up}; written ${escaped(at)}</p>`,
    `<h2>Flow</h2>\n<div class="wide">${drawing}</div>`,
    `<h2>Checks</h2>\n${checks.length === 0 ? '<p>The pipeline declares no check.</p>\n' : checksBody(checks, 'h3')}`,
    `<h2>Components</h2>\n${htmlTable(components)}${(notes ?? []).map((note) => `<p>${escaped(note)}</p>\n`).join('')}`,
    lags.length === 0 ? '' : `<h2>Consumer groups</h2>\n${htmlTable(groups)}`,
  ];
  return htmlPage(escaped(pipeline), body.join('\n'));
}

const WIDTH = 160;
const HEIGHT = 24;

/** A line from the first look to the last, as high as the most; flat where there was no lag. */
function sparkline(series: readonly number[]): string {
  const most = Math.max(1, ...series);
  const step = WIDTH / Math.max(1, series.length - 1);
  const points = series.map((lag, at) => `${round(at * step)},${round(HEIGHT - 1 - (lag / most) * (HEIGHT - 2))}`);
  if (points.length === 1) points.push(`${WIDTH},${points[0]?.split(',')[1]}`);
  return `<svg width="${WIDTH}" height="${HEIGHT}" role="img"><polyline points="${points.join(' ')}" fill="none" stroke="currentColor"/></svg>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
