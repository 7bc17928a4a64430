import type { FlowNode, Health, StatusReport } from '../../kinds/status-report.js';
import { columnsOf } from '../../support/text-columns.js';
import { COMPONENT_COLUMNS } from './component-columns.js';
import { healthTable } from './health-table.js';
import { column, type Line, line, type Span, span, type Tone, truncate, widthOf, wrap, wrapLine } from './line.js';
import { printable } from './printable.js';
import { bytes, span as howLong } from './quantities.js';

const TONES: Readonly<Record<Health, Tone>> = { good: 'good', waiting: 'wait', bad: 'bad' };
const MARKS: Readonly<Record<Health, string>> = { good: '✓', waiting: '…', bad: '✗' };
/** Each further row of a flow begins this much farther to the right, three times at most. */
const INDENT_COLUMNS = 5;
/** Below this many columns names need the room: all further rows begin alike. */
const WIDE_COLUMNS = 60;
const NARROW_INDENT_COLUMNS = 2;

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
  return lines.flatMap((one) => wrapLine(one, columns, 6));
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
  const rows: FlowCell[][] = [[]];
  let width = 0;
  for (const [at, node] of flow.entries()) {
    const begins = at === 0 || width + widthOfCell(flowCell(node, { arrow: ' ──', room: columns })) > columns;
    if (begins && at > 0) rows.push([]);
    if (begins) width = indentOf(rows.length - 1, columns);
    const arrow = at === 0 ? undefined : begins ? '──' : ' ──';
    const cell = flowCell(node, { arrow, room: columns - (begins ? width : 0) });
    rows.at(-1)?.push(cell);
    width += widthOfCell(cell);
  }
  return rows.flatMap((cells, row) => rowLines(cells, indentOf(row, columns)));
}

/** A node as it is drawn: the arrow that leads to it, its name, and lines of detail below the name. */
interface FlowCell {
  readonly lead: string;
  readonly name: string;
  readonly details: readonly string[];
  readonly health: Health;
}

function flowCell(
  { name, via, health, detail }: FlowNode,
  { arrow, room }: { readonly arrow: string | undefined; readonly room: number },
): FlowCell {
  const lead = arrow === undefined ? '' : `${arrow}${via === undefined ? '' : `${printable(via)}──`}▶ `;
  const left = Math.max(1, room - columnsOf(lead));
  const text = health === 'good' ? printable(detail) : `${MARKS[health]} ${printable(detail)}`;
  return { lead, name: truncate(printable(name), left), details: text === '' ? [] : wrap(text, left), health };
}

const cellColumns = ({ name, details }: FlowCell): number => Math.max(...[name, ...details].map(columnsOf));

const widthOfCell = (cell: FlowCell): number => columnsOf(cell.lead) + cellColumns(cell);

const indentOf = (row: number, columns: number): number =>
  columns < WIDE_COLUMNS ? Math.min(row, 1) * NARROW_INDENT_COLUMNS : Math.min(row, 3) * INDENT_COLUMNS;

/** The names, then as many lines below them as the longest detail has. */
function rowLines(cells: readonly FlowCell[], indent: number): Line[] {
  const below = Math.max(...cells.map(({ details }) => details.length));
  const names = cells.flatMap((cell) => [
    span(cell.lead, 'dim'),
    span(column(cell.name, cellColumns(cell)), toneOf(cell.health)),
  ]);
  const details = Array.from({ length: below }, (_, at) =>
    cells.flatMap((cell) => [
      span(' '.repeat(columnsOf(cell.lead))),
      span(column(cell.details[at] ?? '', cellColumns(cell)), detailTone(cell.health)),
    ]),
  );
  return [names, ...details].map((spans) => line(' '.repeat(indent), ...spans));
}

function toneOf(health: Health): Tone | undefined {
  return health === 'good' ? undefined : TONES[health];
}

function detailTone(health: Health): Tone {
  return health === 'good' ? 'dim' : TONES[health];
}
