import type { Pipeline } from '../../pipeline/pipeline.js';
import { type DrawingGraph, type DrawnNode, drawingGraph } from './drawing-graph.js';
import type { FlowEdge } from './flow.js';

/** The brackets that give a node its shape: cylinders keep data, topics are rounded, what moves data has corners. */
const SHAPES: Readonly<Record<DrawnNode['kind'], readonly [string, string]>> = {
  table: ['[(', ')]'],
  topic: ['([', '])'],
  exchange: ['{', '}'],
  queue: ['[[', ']]'],
  connector: ['{{', '}}'],
  query: ['[/', '/]'],
  service: ['[', ']'],
};

/**
 * The pipeline as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html): tables within their databases,
 * dotted lines for what is compared and for databases that a service uses. Ends with "\n".
 */
export function drawMermaid(pipeline: Pipeline, edges?: readonly FlowEdge[]): string {
  const graph = drawingGraph(pipeline, edges);
  const ids = new Map([...graph.nodes.keys()].map((id, index) => [id, `n${index + 1}`]));
  // Databases and stores by their kind and name, for both may be called alike.
  const holders = new Map([
    ...pipeline.databases.map(({ name }, index) => [`database ${name}`, `d${index + 1}`] as const),
    ...pipeline.stores.map(({ name }, index) => [`store ${name}`, `s${index + 1}`] as const),
  ]);
  const id = (node: string): string => ids.get(node) ?? node;
  const lines = ['flowchart LR', ...nodeLines(graph, ids, holders)];
  for (const { from, to, via } of uniqueLinks(graph)) {
    lines.push(`  ${id(from)} -->${via === undefined ? '' : `|${/^\w+$/.test(via) ? via : label(via)}|`} ${id(to)}`);
  }
  for (const [service, used] of graph.uses) {
    for (const { kind, name } of used) {
      const holder = holders.get(`${kind} ${name}`);
      if (holder !== undefined) lines.push(`  ${id(service)} -.-> ${holder}`);
    }
  }
  for (const { name, source, replica } of graph.checks)
    lines.push(`  ${id(source)} -.-|${label(`check ${name}`)}| ${id(replica)}`);
  return `${lines.join('\n')}\n`;
}

function nodeLines(
  { nodes, uses }: DrawingGraph,
  ids: ReadonlyMap<string, string>,
  holders: ReadonlyMap<string, string>,
): readonly string[] {
  const draw = (node: DrawnNode, name: string): string => {
    const [open, close] = SHAPES[node.kind];
    return `${ids.get(node.id)}${open}${label(name)}${close}`;
  };
  const all = [...nodes.values()];
  const used = new Set([...uses.values()].flat().map(({ kind, name }) => `${kind} ${name}`));
  const within = [...holders].flatMap(([holder, id]) => {
    const held = all.filter((node) => node.within === holder);
    if (held.length === 0) return used.has(holder) ? [`  ${id}[(${label(holder)})]`] : [];
    return [
      `  subgraph ${id}[${label(holder)}]`,
      ...held.map((node) => `    ${draw(node, node.name.slice(holder.length - holder.indexOf(' ')))}`),
      '  end',
    ];
  });
  const others = all.filter((node) => node.within === undefined).map((node) => `  ${draw(node, node.name)}`);
  return [...within, ...others];
}

function uniqueLinks({ hops }: DrawingGraph) {
  return new Map(hops.flat().map((link) => [`${link.from}\n${link.to}\n${link.via ?? ''}`, link])).values();
}

/** Quoted, so that no character of a name is syntax; Mermaid writes a quote itself as an entity. */
function label(text: string): string {
  return `"${text.replaceAll('#', '#35;').replaceAll('"', '#quot;')}"`;
}
