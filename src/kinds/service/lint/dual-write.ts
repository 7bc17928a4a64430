import type { LintContext } from '../../../pipeline/kind.js';
import { type Problem, warning } from '../../../pipeline/problem.js';
import { parseReference, referencesIn } from '../../../pipeline/references.js';
import { type CheckSection, partsOf } from '../../check/section.js';
import { flowEdges, placesOfSide } from '../../flow/flow.js';
import { ksqlFiles } from '../../ksqldb/ksql-files.js';
import type { ServiceSection } from '../section.js';

/**
 * A service that changes a database whose changes a check follows, and sends the events itself: where it ends between its commit and
 * the broker's acknowledgement, the event is lost. Who consumes is left out: what a redelivery repeats is not lost.
 */
export function checkDualWrites(context: LintContext): readonly Problem[] {
  const { services, checks } = context.pipeline;
  const read = new Set(flowEdges(context.pipeline, ksqlFiles(context)).map(({ from }) => from));
  const mastered = new Set(checks.flatMap((check) => unreadSource(check, read)));
  return services.flatMap((service): readonly Problem[] => {
    const { name, copyOf, outbox, consumes, receives, produces, publishes, locationOf } = service;
    const sends = [...produces, ...publishes];
    if (copyOf !== undefined || outbox !== undefined || consumes !== undefined || receives.length > 0) return [];
    const database = databasesOf(service).find((one) => mastered.has(one));
    if (database === undefined || sends.length === 0) return [];
    const message = `service ${name} changes database ${database} and sends to ${sends.join(', ')} by itself: where it ends between the two, the event is lost`;
    const todo = 'Write the event in the transaction of its change, and declare the table as outbox.';
    return [warning('dual-write', locationOf(produces.length > 0 ? 'produces' : 'publishes'), message, todo)];
  });
}

/** The database of a check's source, where neither a connector nor an outbox reads what it compares. */
function unreadSource(check: CheckSection, read: ReadonlySet<string>): readonly string[] {
  if (check.kind === 'conservation') return check.published === undefined ? [] : [check.published.database];
  if (check.kind !== 'compare') return [];
  return partsOf(check.source).flatMap((part) => {
    if (part.kind !== 'table' && part.kind !== 'query') return [];
    return placesOfSide(part).some((place) => !read.has(place)) ? [part.database] : [];
  });
}

function databasesOf({ env, run }: ServiceSection): readonly string[] {
  const texts = [...Object.values(env), ...(run.kind === 'command' ? run.command : [])];
  return texts.flatMap(referencesIn).flatMap((path) => {
    const reference = parseReference(path);
    return reference.head === 'databases' ? [reference.name] : [];
  });
}
