import { type CheckSection, partsOf } from '../../kinds/check/section.js';
import { flowEdges, type Place, topicPlace } from '../../kinds/flow/flow.js';
import { stagesOf } from '../../kinds/flow/ways.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';

export interface TracedTable {
  readonly database: string;
  readonly table: string;
  /** A column or an SQL expression; undefined: the primary key, where it is one column. */
  readonly key: string | undefined;
}

export interface TracedPlaces {
  readonly topics: readonly string[];
  readonly tables: readonly TracedTable[];
}

/** Where a key of a check leaves traces: on its way, or, for a status topic, wherever its records come from. */
export function placesOf(check: CheckSection, pipeline: Pipeline): TracedPlaces {
  if (check.kind === 'compare') {
    const topics = stagesOf(check, flowEdges(pipeline)).flatMap((stage) => {
      if ('topics' in stage) return stage.topics;
      return stage.kind === 'receiver' ? [] : [...stage.reads, ...stage.writes];
    });
    const [ofReplica, ofSource] = [[...check.key.keys()][0], [...check.key.values()][0]];
    const sides = [
      ...partsOf(check.source).map((side) => ({ side, key: ofSource })),
      { side: check.replica, key: ofReplica },
    ];
    const tables = sides.flatMap(({ side, key }) =>
      side.kind === 'table' ? [{ database: side.database, table: side.table, key }] : [],
    );
    const declared = new Set(pipeline.topics.map(({ name }) => name));
    const known = [...new Set(topics)].filter((topic) => declared.has(topic) || topics.length === 1);
    return { topics: known, tables };
  }
  if (check.kind !== 'stages') {
    throw new EvpipeError(
      'EVPIPE_TRACE_UNSUPPORTED',
      `check ${check.name} (${check.kind}) follows no key; a check with stages, or with source and replica, does`,
      { kind: 'usage', location: check.location },
    );
  }
  const reached = upstream(topicPlace(check.topic), pipeline);
  const named = (kind: string): readonly string[] =>
    [...reached].flatMap((place) => (place.startsWith(`${kind} `) ? [place.slice(kind.length + 1)] : []));
  return {
    topics: named('topic'),
    // An outbox has keys of its own; what it published is in its topics.
    tables: named('table')
      .map((name) => {
        const [database = '', ...table] = name.split('.');
        return { database, table: table.join('.'), key: undefined };
      })
      .filter(({ database, table }) =>
        pipeline.services.every(({ outbox }) => outbox?.database !== database || outbox.table !== table),
      ),
  };
}

/** All places that lead there, the farthest first: of two things at one time the cause comes before what it brought about. */
function upstream(to: Place, pipeline: Pipeline): ReadonlySet<Place> {
  const edges = flowEdges(pipeline);
  const reached = new Set<Place>();
  const levels: Place[][] = [];
  for (let level = [to]; level.length > 0; ) {
    for (const place of level) reached.add(place);
    levels.unshift(level);
    const before = edges.filter((edge) => level.includes(edge.to)).map(({ from }) => from);
    level = [...new Set(before)].filter((place) => !reached.has(place));
  }
  return new Set(levels.flat());
}
