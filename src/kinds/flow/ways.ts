import type { Located } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import { type CompareSection, partsOf, placeName, type SinglePlaceSection } from '../check/section.js';
import { type FlowEdge, type FlowStage, type Place, placesOfSide, stageKey, topicPlace } from './flow.js';

/** Where a fence is taken: behind everything that was read of a source. */
export type Origin =
  | { readonly kind: 'wal'; readonly database: string }
  | { readonly kind: 'topics'; readonly topics: readonly string[] }
  /** It has no position. */
  | { readonly kind: 'none'; readonly label: string };

/** One way from a source of a check to its replica. */
export interface Way {
  readonly origin: Origin;
  readonly stages: readonly FlowStage[];
}

type Check = Located & CompareSection;

/**
 * The ways from a check's sources to its replica: one from each source, and where a query reads several tables, one from or
 * to each of them. Throws EVPIPE_WAY_UNKNOWN, EVPIPE_WAY_AMBIGUOUS (with the candidates) or EVPIPE_WAY_UNSUPPORTED, all of kind usage.
 */
export function waysOf(check: Check, edges: readonly FlowEdge[]): readonly Way[] {
  const sources = partsOf(check.source);
  if (check.through?.length === 0)
    return distinct(
      sources.map((source) => {
        const writers =
          source.kind === 'ksqldb' ? placesOfSide(source).flatMap((place) => writersOf(place, edges)) : [];
        return { origin: originOf(source, writers), stages: [] };
      }),
    );
  for (const side of [...sources, check.replica]) requirePlace(check, side);
  const targets = placesOfSide(check.replica);
  const reached = new Set<Place>();
  const ways = sources.flatMap((source) =>
    placesOfSide(source).flatMap((from) => {
      const found = targets.flatMap((to) => {
        const way = oneWay(check, from, to, edges);
        if (way !== undefined) reached.add(to);
        return way === undefined ? [] : [way];
      });
      if (found.length === 0) throw noWay(check, from, targets, edges);
      return found.flatMap((stages) => waysFrom(source, from, stages, edges));
    }),
  );
  const alone = targets.find((to) => !reached.has(to));
  if (alone !== undefined)
    throw wayError(
      check,
      'EVPIPE_WAY_UNKNOWN',
      `no path leads from ${placeName(check.source)} to ${alone}`,
      'List under tables only those that the way leads to.',
    );
  return distinct(ways);
}

/** All stages of all ways, each once. */
export function stagesOf(check: Check, edges: readonly FlowEdge[]): readonly FlowStage[] {
  const stages = waysOf(check, edges).flatMap((way) => way.stages);
  return [...new Map(stages.map((stage) => [stageKey(stage), stage])).values()];
}

/** A side that data can flow from or to. */
function requirePlace(check: Check, side: SinglePlaceSection): void {
  if (side.kind === 'file')
    throw wayError(
      check,
      'EVPIPE_WAY_UNKNOWN',
      `file ${side.written} has no position that a fence could pass`,
      'Write through: [] to compare what stands there now.',
    );
  if (side.kind === 'query' && side.tables.length === 0)
    throw wayError(
      check,
      'EVPIPE_WAY_UNKNOWN',
      `nothing says which tables of ${side.database} its query reads`,
      'Name them with tables: […], or write through: [] if the two just have to agree.',
    );
}

function originOf(source: SinglePlaceSection, writers: readonly Writer[]): Origin {
  if (source.kind === 'table' || source.kind === 'query') return { kind: 'wal', database: source.database };
  if (source.kind === 'topic') return { kind: 'topics', topics: [source.topic] };
  return writers.length === 0
    ? { kind: 'none', label: `${placeName(source)} has no fence` }
    : { kind: 'topics', topics: [...new Set(writers.flatMap(({ reads }) => reads))] };
}

/**
 * What ksqlDB or a store shows may not stand in the topic yet that leads on: the way begins before what writes both, which
 * commits what it has read once all that it made of it is written. Each writer is on a way of its own.
 */
function waysFrom(
  source: SinglePlaceSection,
  from: Place,
  stages: readonly FlowStage[],
  edges: readonly FlowEdge[],
): readonly Way[] {
  const [next] = stages;
  const reads = next?.kind === 'group' || next?.kind === 'query' ? next.reads : undefined;
  const leading = writersOf(from, edges).filter(
    ({ writes }) => reads === undefined || writes.some((topic) => reads.includes(topic)),
  );
  if (leading.length === 0) return [{ origin: originOf(source, []), stages }];
  return leading.map((writer) => ({ origin: originOf(source, [writer]), stages: [writer, ...stages] }));
}

const distinct = (ways: readonly Way[]): readonly Way[] => [
  ...new Map(ways.map((way) => [JSON.stringify([way.origin, way.stages.map(stageKey)]), way])).values(),
];

type Writer = Extract<FlowStage, { readonly kind: 'query' | 'group' }>;

/** What reads topics and makes of them both what this place holds and topics; nothing of a place that has a position itself. */
const writersOf = (place: Place, edges: readonly FlowEdge[]): readonly Writer[] => [
  ...new Map(
    edges.flatMap(({ stage, to }): [string, Writer][] => {
      if (stage.kind === 'query') return isMadeBy(stage, place) ? [[stageKey(stage), stage]] : [];
      const writes = stage.kind === 'group' && to === place && place.startsWith('documents ');
      return writes ? [[stageKey(stage), stage]] : [];
    }),
  ).values(),
];

/** The only way between two places, if there is one. */
function oneWay(check: Check, from: Place, to: Place, edges: readonly FlowEdge[]): readonly FlowStage[] | undefined {
  const all = pathsBetween(from, to, edges);
  const [first = '', ...others] = check.through ?? [];
  const begins = writersOf(from, edges).some((writer) => namesOf(writer).includes(first));
  const through = begins ? others : check.through;
  const named = all.filter((way) => matches(way, through));
  // The names of a short way may all be on a longer one too: what is named in full is meant.
  const exact = named.filter((way) => way.length === through?.length);
  const [way, other] = exact.length > 0 ? exact : named;
  if (way === undefined) return undefined;
  if (other !== undefined) {
    const candidates = named.map((one) => `[${one.map(({ name }) => name).join(', ')}]`).join(' or ');
    throw wayError(
      check,
      'EVPIPE_WAY_AMBIGUOUS',
      `several paths lead from ${from} to ${to}: ${candidates}`,
      'Name the one to check with through: […].',
    );
  }
  const leg = way.findIndex(({ kind }, index) => index > 0 && (kind === 'connector' || kind === 'outbox'));
  if (leg <= 0) return way;
  throw wayError(
    check,
    'EVPIPE_WAY_UNSUPPORTED',
    `the way goes through another database on the way (${way.map(({ name }) => name).join(', ')}): a fence does not get past ${way[leg]?.name}`,
    'Check it leg by leg: from the source to that database, then onwards from there.',
  );
}

function noWay(check: Check, from: Place, to: readonly Place[], edges: readonly FlowEdge[]): EvpipeError {
  const reached = [...new Set(edges.filter((edge) => edge.from === from).map((edge) => edge.stage.name))];
  const known =
    reached.length === 0
      ? `nothing that is declared reads ${from}`
      : `${from} is read by ${reached.join(', ')}, but that leads elsewhere`;
  return wayError(
    check,
    'EVPIPE_WAY_UNKNOWN',
    `no path leads from ${from} to ${to.join(' or ')}: ${known}`,
    from.startsWith('documents ')
      ? 'A store has no position that a fence could pass, nor has an outbox that is polled in it, nor its change stream. Its way begins at a service that consumes, writes it and produces what is read on: declare that, or through: [] if the two just have to agree.'
      : 'Declare what carries it (outbox, consumes, writes, produces), or through: [] if the two just have to agree.',
  );
}

function wayError(check: Located, code: `EVPIPE_${string}`, message: string, todo: string): EvpipeError {
  return new EvpipeError(code, `check ${check.name}: ${message}`, { kind: 'usage', todo, location: check.location });
}

/** Are these names on the way, in this order? A service may be named by its group, a query by the stream it writes. */
function matches(way: readonly FlowStage[], through: readonly string[] | undefined): boolean {
  if (through === undefined) return true;
  let at = 0;
  for (const stage of way) if (namesOf(stage).includes(through[at] ?? '')) at += 1;
  return at === through.length;
}

/** Whatever `through` may call a stage. */
export function namesOf(stage: FlowStage): readonly string[] {
  switch (stage.kind) {
    case 'query':
      return [stage.name, stage.sink];
    case 'group':
      return [stage.name, stage.group];
    default:
      return [stage.name];
  }
}

/** Ways longer than this are no declaration but a loop through many others. */
const STAGES_MAX = 12;

/** Every way without circles. Two edges of one stage (a connector of two tables) make one way. */
function pathsBetween(from: Place, to: Place, edges: readonly FlowEdge[]): readonly (readonly FlowStage[])[] {
  const found = new Map<string, readonly FlowStage[]>();
  const starts = new Set([from, ...topicsOf(from, edges)]);
  const walk = (here: Place, way: readonly FlowStage[], seen: ReadonlySet<Place>): void => {
    if (way.length > 0 && (here === to || isMadeBy(way.at(-1), to))) {
      found.set(way.map(stageKey).join(' > '), way);
      return;
    }
    if (way.length >= STAGES_MAX) return;
    for (const edge of edges) {
      if (edge.from === here && !seen.has(edge.to)) walk(edge.to, [...way, edge.stage], new Set([...seen, edge.to]));
    }
  };
  for (const start of starts) {
    if (start === to && start !== from) found.set('', []);
    walk(start, [], new Set([start]));
  }
  return [...found.values()];
}

/** What ksqlDB shows under a name is what its queries write. */
const isMadeBy = (stage: FlowStage | undefined, place: Place): boolean =>
  stage?.kind === 'query' && place === `ksqldb ${stage.sink}`;

const topicsOf = (place: Place, edges: readonly FlowEdge[]): readonly Place[] =>
  writersOf(place, edges).flatMap(({ writes }) => writes.map(topicPlace));
