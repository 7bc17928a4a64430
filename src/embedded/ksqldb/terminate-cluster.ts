import { StatementError } from '../../ksql/statement-error.js';
import { BoundedRegex } from '../../support/bounded-regex.js';
import { messageOf } from '../../support/errors.js';
import type { Engine } from './engine.js';

/**
 * Ends all queries with their groups and state, deletes topics that queries wrote and that are asked for, and the command
 * topic. Supports: names and patterns of topics. Behaviour: the engine takes no statement or query after it; the others of its
 * service are told first, and leave the topics to it.
 */
export async function terminateCluster(
  engine: Engine,
  commandTopic: string | undefined,
  patterns: readonly string[],
): Promise<void> {
  const wanted = patterns.map(topicPattern);
  engine.terminated = true;
  await Promise.all([...engine.transient.values()].map((query) => query.stop()));
  for (const query of engine.queries.values()) {
    await query.stop();
    await query.cleanUp();
  }
  engine.queries.clear();
  const { kafka } = engine.parts;
  const written = [...engine.metastore.sources.values()].filter(({ query }) => query !== undefined);
  const chosen = written.map(({ topic }) => topic).filter((topic) => wanted.some((matches) => matches(topic)));
  for (const topic of [...new Set(chosen), ...(commandTopic === undefined ? [] : [commandTopic])]) {
    if ((await kafka.describeTopic(topic)) !== undefined) await kafka.deleteTopic(topic);
  }
  engine.metastore.sources.clear();
  engine.metastore.types.clear();
}

/** A name, or a pattern that has to fit the whole name. */
function topicPattern(text: string): (topic: string) => boolean {
  try {
    const pattern = new BoundedRegex(`^(?:${text})$`);
    return (topic) => topic === text || pattern.test(topic);
  } catch (failure) {
    throw new StatementError(`Invalid pattern in deleteTopicList: ${text}: ${messageOf(failure)}`, 40000);
  }
}
