import type { Source } from '../../../ksql/metadata/source.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { Engine } from '../engine.js';

/** Joined sources lie side by side only where they have the same number of partitions. */
export async function checkPartitions(plan: QueryPlan, { parts }: Engine): Promise<void> {
  const count = async ({ topic }: Source): Promise<number> =>
    (await parts.kafka.describeTopic(topic))?.partitions.length ?? 0;
  for (const [left, right] of plan.copartitioned) {
    const [a, b] = await Promise.all([count(left), count(right)]);
    if (a === b) continue;
    throw new StatementError(
      `Can't join \`${left.name}\` with \`${right.name}\` since the number of partitions don't match. \`${left.name}\` partitions = ${a}; \`${right.name}\` partitions = ${b}. Please repartition either one so that the number of partitions match.`,
    );
  }
}
