import type { Source } from '../../../ksql/metadata/source.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import { fatalRecords, isExactlyOnce, offsetReset } from '../../../ksql/statements/properties.js';
import type { Applying } from './context.js';

/** Makes a persistent query and, unless the engine is only starting, runs it. */
export async function startQuery(
  id: string,
  sql: string,
  plan: QueryPlan,
  sink: Source,
  applying: Applying,
  keepsOnly = false,
): Promise<void> {
  const { engine, properties, here, restoring } = applying;
  const { kafka, registry, memory, log, serviceId, group } = engine.parts;
  const query = engine.parts.createQuery({
    id,
    sql,
    plan,
    sink,
    keepsOnly,
    group: `_confluent-ksql-${serviceId}query_${id}`,
    offsetReset: keepsOnly ? 'earliest' : offsetReset(properties, engine.systemProperties),
    failsOn: fatalRecords(properties),
    exactlyOnce: isExactlyOnce(properties, engine.systemProperties),
    sharing: group,
    begunElsewhere: group !== undefined && !here,
    kafka,
    registry,
    memory,
    log,
  });
  engine.queries.set(id, query);
  if (engine.isHeld) await query.hold();
  if (restoring) return;
  if (here) await query.fixStart();
  query.start();
}
