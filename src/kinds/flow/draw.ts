import type { Pipeline } from '../../pipeline/pipeline.js';
import { columnsOf } from '../../support/text-columns.js';
import { type DrawingGraph, type DrawnHop, type DrawnNode, drawingGraph } from './drawing-graph.js';
import type { FlowEdge } from './flow.js';

/** Each further row of a trail begins this much farther to the right, three times at most. */
const INDENT_COLUMNS = 5;
const INDENTS_MAX = 3;
const ARROW = '──▶ ';

/**
 * The pipeline as text, for a terminal: trails of names joined by arrows, what each is below it, then what no trail
 * passes. Every hop of the data is drawn once; where the flow parts, the next trail begins at the parting. Lines end
 * with "\n" and keep within `columns` unless a single name is wider.
 */
export function drawText(pipeline: Pipeline, view: { readonly columns: number }, edges?: readonly FlowEdge[]): string {
  const graph = drawingGraph(pipeline, edges);
  const drawn = new Set<string>();
  const rows = trailsOf(graph.hops).map((trail) => {
    const steps = [{ to: trail[0]?.from ?? '', via: undefined }, ...trail];
    for (const { to } of steps) drawn.add(to);
    return trailRows(
      steps.flatMap(({ to, via }) => {
        const node = graph.nodes.get(to);
        return node === undefined ? [] : [{ node, via }];
      }),
      view.columns,
    );
  });
  const besides = besidesOf(graph, drawn);
  const blocks = [[pipeline.name], ...rows, ...(besides.length === 0 ? [] : [besides])];
  return `${blocks.map((block) => block.map((text) => text.trimEnd()).join('\n')).join('\n\n')}\n`;
}

/** Hops strung together, so that each is in one trail only; trails begin where nothing leads to, circles anywhere. */
function trailsOf(hops: readonly DrawnHop[]): readonly DrawnHop[] {
  const left = new Set(hops);
  const startOf = (hop: DrawnHop): string => hop[0]?.from ?? '';
  const endOf = (hop: DrawnHop): string => hop.at(-1)?.to ?? '';
  const reached = new Set(hops.map(endOf));
  const trails: DrawnHop[] = [];
  const follow = (first: DrawnHop): void => {
    const trail = [...first];
    left.delete(first);
    for (let at = endOf(first); ; ) {
      const next = [...left].find((hop) => startOf(hop) === at);
      if (next === undefined) break;
      left.delete(next);
      trail.push(...next);
      at = endOf(next);
    }
    trails.push(trail);
  };
  for (const hop of hops) if (left.has(hop) && !reached.has(startOf(hop))) follow(hop);
  for (const hop of hops) if (left.has(hop)) follow(hop);
  return trails;
}

interface Step {
  readonly node: DrawnNode;
  /** What is on the arrow that leads here. */
  readonly via?: string | undefined;
}

/** Two lines a row: names with arrows, and what they are. */
function trailRows(steps: readonly Step[], columns: number): readonly string[] {
  let row = { names: '', details: '' };
  const rows = [row];
  for (const [at, { node, via }] of steps.entries()) {
    const width = Math.max(columnsOf(node.name), columnsOf(node.detail));
    const arrow = at === 0 ? '' : `${via === undefined ? '' : `──${via}`}${ARROW}`;
    if (at > 0 && columnsOf(row.names) + 1 + columnsOf(arrow) + width > columns) {
      const indent = ' '.repeat(Math.min(rows.length, INDENTS_MAX) * INDENT_COLUMNS);
      row = { names: indent, details: indent };
      rows.push(row);
    }
    const lead = row.names.trim() === '' ? arrow : ` ${arrow}`;
    row.names += lead + padded(node.name, width);
    row.details += ' '.repeat(columnsOf(lead)) + padded(node.detail, width);
  }
  return rows.flatMap(({ names, details }) => [names, details]);
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)));
}

/** One line each for what is on no trail: a service that only has a database, a topic without a writer. */
function besidesOf({ nodes, uses }: DrawingGraph, drawn: ReadonlySet<string>): readonly string[] {
  const rest = [...nodes.values()].filter(({ id }) => !drawn.has(id));
  const width = Math.max(0, ...rest.map(({ name }) => columnsOf(name)));
  return rest.map(({ id, name, detail }) => {
    const places = uses.get(id) ?? [];
    const used = places.length === 0 ? '' : `, uses ${places.map((one) => `${one.kind} ${one.name}`).join(', ')}`;
    return `${padded(name, width)}  ${detail}${used}`;
  });
}
