import {
  type FlowEdge,
  type FlowStage,
  flowEdges,
  type Place,
  stageKey,
  tablePlace,
  topicPlace,
} from '../flow/flow.js';
import type { Session } from '../session.js';
import type { StagesSection } from './section.js';

/** The stages that lead to a status topic, to its view or to the table of its keys, each behind those that lead to it. */
export function stagesBefore({ topic, keys, view }: StagesSection, { pipeline }: Session): readonly FlowStage[] {
  const edges = flowEdges(pipeline);
  const seen = new Set<Place>();
  const stages = new Map<string, FlowStage>();
  const visit = (place: Place): void => {
    // Data may flow in circles, which end where they began.
    if (seen.has(place)) return;
    seen.add(place);
    const leading = edges.filter(({ to }) => to === place);
    for (const { from } of leading) visit(from);
    for (const { stage } of leading) stages.set(stageKey(stage), stage);
  };
  const places = keys === undefined ? [] : [tablePlace(keys.database, keys.table)];
  for (const place of [...places, topicPlace(topic), ...viewPlaces(view, edges)]) visit(place);
  return [...stages.values()];
}

function viewPlaces(view: StagesSection['view'], edges: readonly FlowEdge[]): readonly Place[] {
  if (view === undefined) return [];
  if ('database' in view) return [tablePlace(view.database, view.table)];
  return edges.flatMap(({ stage, to }) => (stage.kind === 'query' && stage.sink === view.ksqldb ? [to] : []));
}
