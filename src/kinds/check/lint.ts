import { existsSync } from 'node:fs';
import { nodeAt, textsOf } from '../../pipeline/document.js';
import type { LintContext } from '../../pipeline/kind.js';
import { writtenOut } from '../../pipeline/lint/written-out.js';
import type { Located } from '../../pipeline/pipeline.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import { EvpipeError, unreachable } from '../../support/errors.js';
import { withSchema } from '../connector/connector-flow.js';
import { flowEdges } from '../flow/flow.js';
import { waysOf } from '../flow/ways.js';
import { ksqlFiles } from '../ksqldb/ksql-files.js';
import {
  type CheckSection,
  type ColumnMap,
  type CompareSection,
  hasFields,
  type PlaceSection,
  partsOf,
  placeName,
  type StagesSection,
} from './section.js';

/** Checks that compare something. */
export function checkChecks({ pipeline }: LintContext): readonly Problem[] {
  return pipeline.checks.flatMap((check) => {
    switch (check.kind) {
      case 'rows':
        return rows(check);
      case 'stages':
        return stages(check);
      case 'conservation':
        return []; // among the rules about RabbitMQ
      case 'compare':
        return columns(check);
      default:
        return unreachable(check);
    }
  });
}

/** Between the two sides of a check data goes one way that can be told. */
export function checkWays(context: LintContext): readonly Problem[] {
  const edges = flowEdges(context.pipeline, ksqlFiles(context));
  return context.pipeline.checks.flatMap((check) => (check.kind === 'compare' ? way(check, edges) : []));
}

type Compare = Located & CompareSection;

function way(check: Compare, edges: ReturnType<typeof flowEdges>): readonly Problem[] {
  try {
    waysOf(check, edges);
    return [];
  } catch (failure) {
    if (!(failure instanceof EvpipeError)) throw failure;
    const code = failure.code
      .replace(/^EVPIPE_/, '')
      .toLowerCase()
      .replaceAll('_', '-');
    const place = check.through === undefined ? check.location : check.locationOf('through');
    return [problem(code, place, failure.message, failure.todo)];
  }
}

const COLUMN = /^[A-Za-z_\u0080-\uFFFF][\w$\u0080-\uFFFF]*$/;

/** A field, or one within others: `after.name`. */
const FIELD_PATH = /^[^.\0]+(\.[^.\0]+)*$/;

function columns(check: Compare): readonly Problem[] {
  const { source, replica, key, columns: compared } = check;
  const found: Problem[] = [...columnNames(check, 'key', key), ...columnNames(check, 'columns', compared ?? new Map())];
  if (compared?.size === 0)
    found.push(
      warning('check-columns', check.locationOf('columns'), `check ${check.name} compares only keys: columns is empty`),
    );
  for (const column of compared?.keys() ?? []) {
    if (key.has(column))
      found.push(
        warning(
          'check-columns',
          check.locationOf('columns'),
          `check ${check.name}: column ${column} is already in key`,
        ),
      );
  }
  if (hasFields(source) && hasFields(replica) && compared === undefined)
    found.push(
      problem(
        'check-columns',
        check.location,
        `check ${check.name} needs columns: neither side has a list of them, as tables and queries do`,
      ),
    );
  found.push(...constants(check), ...files(check));
  if (isSamePlace(source, replica))
    found.push(
      problem(
        'check-itself',
        check.locationOf('replica'),
        `check ${check.name} compares ${placeName(source)} with itself`,
      ),
    );
  return found;
}

/** Each row of a union is of one part: a column that tells them apart is in all of them. */
function constants({ name, source, locationOf }: Compare): readonly Problem[] {
  const parts = partsOf(source);
  const all = new Set(parts.flatMap((part) => [...part.constants.keys()]));
  return [...all].flatMap((column) => {
    const index = parts.findIndex((part) => !part.constants.has(column));
    return index < 0
      ? []
      : [
          problem(
            'check-place',
            locationOf('source', String(index)),
            `check ${name}: source ${index + 1} has no ${column} in with, which another source has`,
          ),
        ];
  });
}

function files({ name, source, replica, locationOf }: Compare): readonly Problem[] {
  return [source, replica].flatMap(partsOf).flatMap((part) => {
    if (part.kind !== 'file' || existsSync(part.file)) return [];
    const message = `check ${name}: there is no file ${part.written}`;
    return [problem('file-missing', locationOf(part === replica ? 'replica' : 'source'), message)];
  });
}

/** Locations are no part of a place: two that read the same are equal. */
const isSamePlace = (a: PlaceSection, b: PlaceSection): boolean => placeText(a) === placeText(b);

const placeText = (place: PlaceSection): string =>
  place.kind === 'table'
    ? JSON.stringify([place.database, withSchema(place.table), place.where])
    : JSON.stringify(place);

function columnNames(check: Compare, section: 'key' | 'columns', map: ColumnMap): readonly Problem[] {
  const fields = hasFields(check.replica);
  return [...map.keys()]
    .filter((column) => check.meanings.get(column)?.replica === undefined)
    .filter((column) => !(fields ? FIELD_PATH : COLUMN).test(column))
    .map((column) => {
      const message = `check ${check.name}: ${JSON.stringify(column)} is not a valid name of a ${fields ? 'field' : 'column'}`;
      const todo = 'SQL expressions go on the right: { replica_column: "expression over the source" }.';
      return problem('check-columns', check.locationOf(section), message, todo);
    });
}

function rows(check: Extract<CheckSection, { kind: 'rows' }>): readonly Problem[] {
  if (/^\s*(--[^\n]*\n\s*)*(select|with|table|values)\b/i.test(check.query)) return [];
  return [
    problem(
      'check-query',
      check.locationOf('rows'),
      `check ${check.name}: rows must be a query that starts with select or with`,
    ),
  ];
}

function stages(check: Located & StagesSection): readonly Problem[] {
  const { name, transitions, final, locationOf } = check;
  if (transitions.length === 0)
    return [problem('check-stages', locationOf('stages', 'transitions'), `check ${name} allows no transitions at all`)];
  if (final.length === 0)
    return [
      problem(
        'check-stages',
        locationOf('stages', 'final'),
        `check ${name} has no final status, so no key could ever finish`,
      ),
    ];
  const reached = new Set(transitions.map(([, to]) => String(to)));
  const left = new Map(transitions.map(([from, to]) => [String(from), String(to)]));
  return final.flatMap((status) => {
    const place = locationOf('stages', 'final');
    if (!reached.has(String(status)))
      return [warning('check-stages', place, `check ${name}: no transition leads to final status ${status}`)];
    const next = left.get(String(status));
    return next === undefined
      ? []
      : [warning('check-stages', place, `check ${name}: a transition leads from final status ${status} to ${next}`)];
  });
}

/** A topic's name as a whole text of a check's SQL, which a namespace would not reach. */
export function checkWrittenSql(context: LintContext): readonly Problem[] {
  const { pipeline, tree } = context;
  const node = nodeAt(tree, ['checks']);
  if (pipeline.target.namespace === undefined || node === undefined) return [];
  const topics = context.names('topics');
  return [...textsOf(node)].flatMap(({ text, location }) =>
    topics
      .filter((topic) => text.includes(`'${topic}'`))
      .flatMap((topic) => writtenOut(context, location, `topic ${topic}`, `Write '$(topics.${topic}.name)'.`)),
  );
}
