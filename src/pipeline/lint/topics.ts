import type { LintContext } from '../lint.js';
import { type Problem, problem, warning } from '../problem.js';

/** Kafka: 249 characters, so that a partition's folder fits into 255. */
const NAME = /^[A-Za-z0-9._-]{1,249}$/;
/** Brokers that the servers of a target begin with. */
const BROKERS = { embedded: 1, compose: 1 } as const;

/** Names that Kafka takes, and replication that the target can give. */
export function checkTopics({ pipeline }: LintContext): readonly Problem[] {
  const metrics = new Map<string, string>();
  return pipeline.topics.flatMap(({ name, location, locationOf, replicationFactor, config }) => {
    const found: Problem[] = [];
    if (!NAME.test(name) || name === '.' || name === '..') {
      found.push(
        problem(
          'special-characters',
          location,
          `topic ${name}: Kafka takes letters, digits, ".", "_" and "-", 249 at most`,
        ),
      );
    }
    const folded = name.replaceAll('.', '_');
    const other = metrics.get(folded);
    metrics.set(folded, name);
    if (other !== undefined) {
      found.push(
        problem(
          'topic-collision',
          location,
          `topics ${other} and ${name} collide: Kafka takes "." and "_" for the same in the names of its metrics`,
        ),
      );
    }
    const brokers = brokersOf(pipeline.target);
    if (brokers !== undefined && (replicationFactor ?? 1) > brokers) {
      found.push(
        problem(
          'replication',
          locationOf('replication'),
          `topic ${name} wants ${replicationFactor} replicas; target ${pipeline.target.name} has ${brokers} broker`,
          'Leave replication out (then the default of the cluster counts), or set it in a profile for the cluster.',
        ),
      );
    }
    const least = Number(config['min.insync.replicas'] ?? 1);
    if (brokers !== undefined && least > brokers) {
      found.push(
        warning(
          'replication',
          locationOf('config', 'min.insync.replicas'),
          `topic ${name}: min.insync.replicas ${least} with ${brokers} broker refuses every acknowledged write`,
        ),
      );
    }
    return found;
  });
}

function brokersOf(target: LintContext['pipeline']['target']): number | undefined {
  const placed = target.kafka ?? target.base;
  return placed === 'embedded' || placed === 'compose' ? BROKERS[placed] : undefined;
}
