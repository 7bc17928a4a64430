import { javaRegex, javaReplacement, type Options } from '../config/option.js';

/** How a table's topic is called, by `topic.naming.strategy`. */
export type TopicNaming = (schema: string, table: string) => string;

const PACKAGE = 'io.debezium.schema';

interface Strategy {
  /** PostgreSQL's tables are named by schema; the strategies for databases without schemas leave it out. */
  readonly withSchema: boolean;
  readonly unicode: boolean;
  readonly regex: boolean;
}

/** The strategies that Debezium brings. */
export const TOPIC_NAMING_STRATEGIES: Readonly<Record<string, Strategy>> = {
  [`${PACKAGE}.SchemaTopicNamingStrategy`]: { withSchema: true, unicode: false, regex: false },
  [`${PACKAGE}.SchemaUnicodeTopicNamingStrategy`]: { withSchema: true, unicode: true, regex: false },
  [`${PACKAGE}.SchemaRegexTopicNamingStrategy`]: { withSchema: true, unicode: false, regex: true },
  [`${PACKAGE}.DefaultTopicNamingStrategy`]: { withSchema: false, unicode: false, regex: false },
  [`${PACKAGE}.DefaultUnicodeTopicNamingStrategy`]: { withSchema: false, unicode: true, regex: false },
  [`${PACKAGE}.DefaultRegexTopicNamingStrategy`]: { withSchema: false, unicode: false, regex: true },
};

export const DEFAULT_TOPIC_NAMING = `${PACKAGE}.SchemaTopicNamingStrategy`;

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
