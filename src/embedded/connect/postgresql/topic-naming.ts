import { javaRegex, javaReplacement } from '../../../protocol/connect/option.js';
import { TOPIC_NAMING_STRATEGIES } from '../../../protocol/connect/postgresql-options.js';
import type { Options } from '../config/options.js';

/** How a table's topic is called, by `topic.naming.strategy`. */
export type TopicNaming = (schema: string, table: string) => string;

export function topicNaming(options: Options): TopicNaming {
  const strategy = TOPIC_NAMING_STRATEGIES[options.string('topic.naming.strategy')];
  if (strategy === undefined) throw new Error('an unknown topic.naming.strategy passed the validation');
  const delimiter = options.string('topic.delimiter');
  const prefix = options.string('topic.prefix');
  const sanitize = strategy.unicode ? unicodeName : topicName;
  const reroute = strategy.regex ? rerouting(options) : (topic: string): string => topic;
  return (schema, table) => {
    const parts = strategy.withSchema ? [prefix, schema, table] : [prefix, table];
    return sanitize(reroute(parts.join(delimiter)));
  };
}

function rerouting(options: Options): (topic: string) => string {
  const regex = javaRegex(`^(?:${options.string('topic.regex')})$`);
  const replacement = javaReplacement(options.string('topic.replacement'));
  return (topic) => {
    const match = regex.exec(topic);
    return match === null ? topic : replacement(match);
  };
}

/** Kafka's topic names: what they don't allow becomes an underscore. */
const topicName = (name: string): string => name.replace(/[^a-zA-Z0-9._-]/g, '_');

/** What they don't allow becomes its code point; the underscore too, so that no two names are the same. */
const unicodeName = (name: string): string =>
  name.replace(/[^a-zA-Z0-9.-]/g, (char) => `_u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
