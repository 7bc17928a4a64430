import type { Pipeline } from '../../pipeline/pipeline.js';
import { columnsOf } from '../../support/text-columns.js';
import { xmlEscaped } from '../../support/xml.js';
import type { Health } from '../status-report.js';
import { type DrawingGraph, type DrawnLink, type DrawnNode, drawingGraph } from './drawing-graph.js';
import type { FlowEdge } from './flow.js';

/** What runs of a node: `RUNNING 1/1`, `lag 12, 1 member`. */
export interface NodeNote {
  readonly text: string;
  readonly health: Health;
}

/** Of the monospace font at 12 px, a little more than it needs: every browser has another one. */
const CHARACTER_WIDTH = 7.4;
const CHARACTERS_MAX = 44;
const LINE_HEIGHT = 16;
const PADDING = 10;
const COLUMN_GAP = 72;
const ROW_GAP = 18;
const MARGIN = 8;

const STYLE = `text { font: 12px ui-monospace, monospace; fill: currentColor } .detail { opacity: .65 }
.box { fill: none; stroke: currentColor; stroke-opacity: .5 } .link { fill: none; stroke: currentColor; stroke-opacity: .5 }
.good { fill: #1a8f4c } .waiting { fill: #b07a00 } .bad { fill: #d33a3a } rect.bad { fill: none; stroke: #d33a3a; stroke-opacity: 1 }`;

/**
 * The pipeline as one SVG that needs nothing else: data flows from left to right; a replica's box names its checks. `notes`
 * say how each node fares.
 */
export function drawSvg(
  pipeline: Pipeline,
  notes: (node: DrawnNode) => NodeNote | undefined = () => undefined,
  edges?: readonly FlowEdge[],
): string {
  const graph = drawingGraph(pipeline, edges);
  const links = [...uniqueLinks(graph)];
  const boxes = placed(graph, links, notes);
  const all = [...boxes.values()];
  const width = Math.max(0, ...all.map(({ x, width }) => x + width)) + MARGIN;
  const height = Math.max(0, ...all.map(({ y, height }) => y + height)) + MARGIN + ROW_GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" color="#666">`,
    `<title>${xmlEscaped(pipeline.name)}</title><style>${STYLE}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>',
    ...links.map((link) => linkPath(link, boxes)),
    ...all.map(boxSvg),
    '</svg>\n',
  ].join('\n');
}

interface Box {
  readonly node: DrawnNode;
  readonly note: NodeNote | undefined;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Columns by how far data has come, each in the order of what leads to it; what nothing flows through is below the first. */
function placed(
  { nodes }: DrawingGraph,
  links: readonly DrawnLink[],
  notes: (node: DrawnNode) => NodeNote | undefined,
): ReadonlyMap<string, Box> {
  const linked = new Set(links.flatMap(({ from, to }) => [from, to]));
  const ranks = ranksOf([...nodes.keys()], links);
  const columns: DrawnNode[][] = [];
  for (const node of [...nodes.values()].sort((a, b) => Number(linked.has(b.id)) - Number(linked.has(a.id)))) {
    const rank = ranks.get(node.id) ?? 0;
    for (let at = columns.length; at <= rank; at++) columns.push([]);
    columns[rank]?.push(node);
  }
  const boxes = new Map<string, Box>();
  let x = MARGIN;
  for (const column of columns) {
    const middleOf = (id: string): number => {
      const from = links.filter(({ to }) => to === id).flatMap((link) => boxes.get(link.from) ?? []);
      return from.length === 0 ? Number.MAX_SAFE_INTEGER : from.reduce((sum, { y }) => sum + y, 0) / from.length;
    };
    const ordered = [...column].sort((a, b) => middleOf(a.id) - middleOf(b.id));
    let y = MARGIN;
    for (const node of ordered) {
      const note = notes(node);
      const texts = [node.name, node.detail, note?.text ?? ''];
      const width =
        Math.ceil(Math.max(...texts.map((text) => columnsOf(shortened(text)))) * CHARACTER_WIDTH) + 2 * PADDING;
      const height = (note === undefined ? 2 : 3) * LINE_HEIGHT + PADDING;
      // Beside what leads there, unless another box is in the way.
      const wanted = middleOf(node.id);
      const top = wanted === Number.MAX_SAFE_INTEGER ? y : Math.max(y, wanted);
      boxes.set(node.id, { node, note, x, y: top, width, height });
      y = top + height + ROW_GAP;
    }
    x += Math.max(0, ...ordered.map(({ id }) => boxes.get(id)?.width ?? 0)) + COLUMN_GAP;
  }
  return boxes;
}

/** The longest way that leads to each node; a link that closes a circle leads back, and counts for nothing. */
function ranksOf(ids: readonly string[], links: readonly DrawnLink[]): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  const visiting = new Set<string>();
  const rankOf = (id: string): number => {
    const known = ranks.get(id);
    if (known !== undefined) return known;
    visiting.add(id);
    const before = links.filter(({ from, to }) => to === id && !visiting.has(from)).map(({ from }) => rankOf(from) + 1);
    visiting.delete(id);
    const rank = Math.max(0, ...before);
    ranks.set(id, rank);
    return rank;
  };
  for (const id of ids) rankOf(id);
  return ranks;
}

const uniqueLinks = ({ hops }: DrawingGraph): Iterable<DrawnLink> =>
  new Map(hops.flat().map((link) => [`${link.from}\n${link.to}\n${link.via ?? ''}`, link])).values();

function linkPath({ from, to, via }: DrawnLink, boxes: ReadonlyMap<string, Box>): string {
  const [a, b] = [boxes.get(from), boxes.get(to)];
  if (a === undefined || b === undefined) return '';
  const [x1, y1, x2, y2] = [a.x + a.width, a.y + a.height / 2, b.x, b.y + b.height / 2];
  // Back to the left it leaves and arrives below.
  const isBack = x2 <= x1;
  const low = Math.max(a.y + a.height, b.y + b.height) + ROW_GAP;
  const path = isBack
    ? `M${a.x + a.width / 2} ${a.y + a.height}C${a.x + a.width / 2} ${low} ${b.x + b.width / 2} ${low} ${b.x + b.width / 2} ${b.y + b.height}`
    : `M${x1} ${y1}C${x1 + COLUMN_GAP / 2} ${y1} ${x2 - COLUMN_GAP / 2} ${y2} ${x2} ${y2}`;
  const label =
    via === undefined
      ? ''
      : `<text class="detail" text-anchor="middle" x="${isBack ? (a.x + b.x + a.width / 2 + b.width / 2) / 2 : (x1 + x2) / 2}" y="${isBack ? low - 2 : (y1 + y2) / 2 - 4}">${xmlEscaped(shortened(via))}</text>`;
  return `<path class="link" d="${path}" marker-end="url(#arrow)"/>${label}`;
}

/** Topics are round, what moves data has corners. */
const ROUND: ReadonlySet<DrawnNode['kind']> = new Set(['topic', 'queue', 'exchange']);

function boxSvg({ node, note, x, y, width, height }: Box): string {
  const radius = ROUND.has(node.kind) ? height / 2 : node.kind === 'table' ? 6 : 0;
  const at = (line: number): string => `x="${x + PADDING}" y="${y + PADDING + LINE_HEIGHT * line + 6}"`;
  return [
    `<g><title>${xmlEscaped([node.name, node.detail, note?.text ?? ''].join('\n').trim())}</title>`,
    `<rect class="box${note?.health === 'bad' ? ' bad' : ''}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`,
    `<text ${at(0)}>${xmlEscaped(shortened(node.name))}</text><text class="detail" ${at(1)}>${xmlEscaped(shortened(node.detail))}</text>`,
    note === undefined ? '' : `<text class="${note.health}" ${at(2)}>${xmlEscaped(shortened(note.text))}</text>`,
    '</g>',
  ].join('');
}

const shortened = (text: string): string =>
  text.length <= CHARACTERS_MAX ? text : `${text.slice(0, CHARACTERS_MAX - 1)}…`;
