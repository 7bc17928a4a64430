import { javaRegex, javaReplacement } from '../../../protocol/connect/option.js';
import { TOPIC_NAMING_STRATEGIES } from '../../../protocol/connect/postgresql-options.js';
import type { Options } from '../config/options.js';

/** What a strategy that gives several tables one topic adds to their keys, so that these stay apart. */
export interface KeyOrigin {
  readonly field: string;
  readonly value: string;
}

export interface TopicNaming {
  /** How a table's topic is called. */
  topicOf(schema: string, table: string): string;
  keyOrigin(schema: string, table: string): KeyOrigin | undefined;
}

/** By `topic.naming.strategy`. */
export function topicNaming(options: Options): TopicNaming {
  const strategy = TOPIC_NAMING_STRATEGIES[options.string('topic.naming.strategy')];
  if (strategy === undefined) throw new Error('an unknown topic.naming.strategy passed the validation');
  const delimiter = options.string('topic.delimiter');
  const prefix = options.string('topic.prefix');
  const sanitize = strategy.unicode ? unicodeName : topicName;
  const ownTopic = (schema: string, table: string): string =>
    (strategy.withSchema ? [prefix, schema, table] : [prefix, table]).join(delimiter);
  if (!strategy.regex)
    return { topicOf: (schema, table) => sanitize(ownTopic(schema, table)), keyOrigin: () => undefined };
  const reroute = replacing(options.string('topic.regex'), options.string('topic.replacement'));
  const field = options.string('topic.key.field.name');
  const [regex, replacement] = [options.text('topic.key.field.regex'), options.text('topic.key.field.replacement')];
  const identify = regex === undefined || replacement === undefined ? sanitize : replacing(regex, replacement);
  return {
    topicOf: (schema, table) => sanitize(reroute(ownTopic(schema, table))),
    keyOrigin: (schema, table) =>
      options.boolean('topic.key.enforce.uniqueness') ? { field, value: identify(ownTopic(schema, table)) } : undefined,
  };
}

function replacing(pattern: string, by: string): (topic: string) => string {
  const regex = javaRegex(`^(?:${pattern})$`);
  const replacement = javaReplacement(by);
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
