import { below, javaRegex, type RawConfig, splitList } from '../../../protocol/connect/option.js';

export interface TopicSpec {
  readonly name: string;
  /** -1: the broker's default. */
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

const DEFAULT_GROUP = 'default';
const NOT_OF_THE_TOPIC = ['partitions', 'replication.factor', 'include', 'exclude'];

/** How a source's topic is made (KIP-158): by the first group of `topic.creation.groups` that includes it, else the default. */
export function topicSpec(topic: string, config: RawConfig): TopicSpec {
  const group = splitList(config['topic.creation.groups'] ?? '').find((name) => includes(name, topic, config));
  const defaults = below(config, `topic.creation.${DEFAULT_GROUP}.`);
  const own = group === undefined ? {} : below(config, `topic.creation.${group}.`);
  const number = (option: string): number => Number(own[option] ?? defaults[option] ?? -1);
  const topicConfig = group === undefined ? defaults : own;
  return {
    name: topic,
    partitions: number('partitions'),
    replicationFactor: number('replication.factor'),
    config: Object.fromEntries(Object.entries(topicConfig).filter(([name]) => !NOT_OF_THE_TOPIC.includes(name))),
  };
}

function includes(group: string, topic: string, config: RawConfig): boolean {
  const matches = (option: string): boolean =>
    splitList(config[`topic.creation.${group}.${option}`] ?? '').some((pattern) =>
      javaRegex(`^(?:${pattern})$`).test(topic),
    );
  return matches('include') && !matches('exclude');
}
