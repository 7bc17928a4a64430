import type { FlowNode, Health, StatusReport } from '../../kinds/status-report.js';
import { columnsOf } from '../../support/text-columns.js';
import { COMPONENT_COLUMNS } from './component-columns.js';
import { healthTable } from './health-table.js';
import { column, type Line, line, type Span, span, type Tone, truncate, truncateLine, widthOf } from './line.js';
import { printable } from './printable.js';
import { bytes, span as howLong } from './quantities.js';

const TONES: Readonly<Record<Health, Tone>> = { good: 'good', waiting: 'wait', bad: 'bad' };
const MARKS: Readonly<Record<Health, string>> = { good: '✓', waiting: '…', bad: '✗' };
/** Each further row of a flow begins this much farther to the right. */
const INDENT_COLUMNS = 5;

/** A heading that says how all is, a table of the components, and a drawing of each flow. */
export function statusLines(report: StatusReport, { columns }: { readonly columns: number }): Line[] {
  const { components, flows } = report;
  const lines = [statusHeading(report, columns)];
  if (components.length > 0) {
    const { heading, rows } = healthTable(COMPONENT_COLUMNS, components, columns);
    lines.push(line(), heading, ...rows.flat());
  }
  for (const note of report.notes ?? []) lines.push(line(`  · ${printable(note)}`));
  for (const flow of flows) lines.push(line(), ...flowLines(flow, columns));
  return lines.map((one) => truncateLine(one, columns));
}

/** Where it runs and since when give way to how all is. */
export function statusHeading(report: StatusReport, columns: number): Line {
  const { pipeline, target, upMs, memoryBytes, cpuPercent } = report;
  const name = span(printable(pipeline), 'strong');
  const on = ` on ${printable(target)}`;
  const up = upMs === undefined ? '' : `   up ${howLong(upMs)}`;
  const lines = [`${on}${up}   `, `${on}   `, '   '].map((about) => line(name, about, overall(report)));
  const left = lines.find((one) => widthOf(one) <= columns) ?? line(overall(report), '   ', name);
  const facts = [
    ...(memoryBytes === undefined ? [] : [bytes(memoryBytes)]),
    ...(cpuPercent === undefined ? [] : [`${Math.round(cpuPercent)} % CPU`]),
  ].join(', ');
  const gap = columns - widthOf(left) - facts.length;
  return gap < 2 ? left : line(...left, ' '.repeat(gap), span(facts, 'dim'));
}

function overall({ components, flows }: StatusReport): Span {
  const all = [...components.map(({ health }) => health), ...flows.flat().map(({ health }) => health)];
  const bad = all.filter((health) => health === 'bad').length;
  const waiting = all.filter((health) => health === 'waiting').length;
  if (bad > 0) return span(`${bad} failed`, 'bad');
  return waiting > 0 ? span(`${waiting} waiting or behind`, 'wait') : span('all well', 'good');
}

/** Nodes joined by arrows, each with its detail below its name; rows break where the terminal ends. */
export function flowLines(flow: readonly FlowNode[], columns: number): Line[] {
  const lines: Line[] = [];
  let names: Span[] = [];
  let details: Span[] = [];
  let width = 0;
  const endRow = (): void => {
    if (names.length === 0) return;
    lines.push(names, details);
    const indent = Math.min(lines.length / 2, 3) * INDENT_COLUMNS;
    [names, details, width] = [[span(' '.repeat(indent))], [span(' '.repeat(indent))], indent];
  };
  for (const [at, node] of flow.entries()) {
    const arrow = at === 0 ? '' : arrowText(node, names.length <= 1);
    const name = truncate(printable(node.name), columns - INDENT_COLUMNS * 3 - 6);
    const detail = node.health === 'good' ? printable(node.detail) : `${MARKS[node.health]} ${printable(node.detail)}`;
    const nodeWidth = Math.max(columnsOf(name), columnsOf(detail));
    if (names.length > 1 && width + arrow.length + nodeWidth > columns) endRow();
    const lead = at === 0 ? '' : arrowText(node, names.length <= 1);
    names.push(span(lead, 'dim'), span(column(name, nodeWidth), toneOf(node.health)));
    details.push(span(' '.repeat(columnsOf(lead))), span(column(detail, nodeWidth), detailTone(node.health)));
    width += columnsOf(lead) + nodeWidth;
  }
  lines.push(names, details);
  return lines;
}

function arrowText({ via }: FlowNode, first: boolean): string {
  return `${first ? '' : ' '}──${via === undefined ? '' : `${printable(via)}──`}▶ `;
}

function toneOf(health: Health): Tone | undefined {
  return health === 'good' ? undefined : TONES[health];
}

function detailTone(health: Health): Tone {
  return health === 'good' ? 'dim' : TONES[health];
}
