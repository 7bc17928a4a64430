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
import { readStage } from './flows.js';
import type { StagesSection } from './section.js';

/** The stages that lead to a status topic and to its view and have not handled all that they were given, and how far they are. */
export async function stagesBehind(check: StagesSection, session: Session): Promise<readonly string[]> {
  const edges = flowEdges(session.pipeline);
  const stages = stagesBefore([topicPlace(check.topic), ...viewPlaces(check, edges)], edges);
  const nodes = await Promise.all(stages.map((stage) => readStage(stage, session)));
  return nodes.flatMap(({ name, detail, health }) => (health === 'good' ? [] : [`${name}: ${detail}`]));
}

function viewPlaces({ view }: StagesSection, edges: readonly FlowEdge[]): readonly Place[] {
  if (view === undefined) return [];
  if ('database' in view) return [tablePlace(view.database, view.table)];
  return edges.flatMap(({ stage, to }) => (stage.kind === 'query' && stage.sink === view.ksqldb ? [to] : []));
}

function stagesBefore(places: readonly Place[], edges: readonly FlowEdge[]): readonly FlowStage[] {
  const seen = new Set(places);
  const stages = new Map<string, FlowStage>();
  for (const place of seen) {
    for (const { from, to, stage } of edges) {
      if (to !== place) continue;
      seen.add(from); // the loop goes on with it
      stages.set(stageKey(stage), stage);
    }
  }
  return [...stages.values()];
}
