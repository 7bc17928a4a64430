import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Broker } from '../broker.js';
import {
  BROKER_CONFIG_BY_NAME,
  type ConfigDefinition,
  elements,
  invalid,
  TOPIC_CONFIG_BY_NAME,
} from './config-definitions.js';
import { isDynamic } from './described-config.js';

/** The protocol's numbers of what can be configured. */
export const RESOURCE_TYPES = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const;

export class ConfigRefused extends Error {
  constructor(
    readonly error: ErrorName,
    message: string,
  ) {
    super(message);
  }
}

/** One topic's or the broker's own settings, as both alter requests change them. */
export interface Configurable {
  readonly current: ReadonlyMap<string, string>;
  readonly definition: (name: string) => ConfigDefinition;
  readonly defaultOf: (name: string) => string;
  /** What isn't set can be deleted, also where it couldn't be set. */
  readonly forgiving: boolean;
  apply(config: ReadonlyMap<string, string>): void;
}

/** What a resource's settings are. The broker's own have its id or no name (the default of all brokers). */
export function configurable(broker: Broker, type: number, name: string): Configurable {
  if (type === RESOURCE_TYPES.topic) return topicConfigurable(broker, name);
  if (type === RESOURCE_TYPES.broker) {
    if (name !== '' && name !== String(broker.nodeId)) {
      throw new ConfigRefused(
        'INVALID_REQUEST',
        `Unexpected broker id, expected ${broker.nodeId}, but received ${name}`,
      );
    }
    return brokerConfigurable(broker, name === '' ? broker.settings.alteredDefaults : broker.settings.altered);
  }
  throw new ConfigRefused('INVALID_REQUEST', `Resource type ${type} cannot be configured here`);
}

function topicConfigurable(broker: Broker, name: string): Configurable {
  const topic = broker.topics.get(name);
  if (topic === undefined) {
    throw new ConfigRefused('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`);
  }
  const definition = (key: string): ConfigDefinition => {
    const found = TOPIC_CONFIG_BY_NAME.get(key);
    if (found === undefined) throw new ConfigRefused('INVALID_CONFIG', `Unknown topic config name: ${key}`);
    return found;
  };
  return {
    current: topic.config,
    definition,
    defaultOf: (key) => broker.settings.topicDefault(definition(key)),
    forgiving: false,
    apply: (config) => topic.configure(config),
  };
}

function brokerConfigurable(broker: Broker, altered: Map<string, string>): Configurable {
  const { settings } = broker;
  return {
    current: altered,
    definition: (key) => {
      const found = BROKER_CONFIG_BY_NAME.get(key);
      // A broker keeps what it doesn't know: it may belong to a plugin.
      if (found === undefined) return { name: key, type: 'string', default: '', documentation: '' };
      if (!isDynamic(key)) {
        throw new ConfigRefused('INVALID_REQUEST', `Cannot update these configs dynamically: Set(${key})`);
      }
      return found;
    },
    forgiving: true,
    defaultOf: (key) => settings.fixed.get(key) ?? BROKER_CONFIG_BY_NAME.get(key)?.default ?? '',
    apply: (config) => {
      const before = [...altered];
      replaceAll(altered, config);
      try {
        broker.save();
      } catch (failure) {
        replaceAll(altered, before);
        throw failure;
      }
      broker.topics.refreshSettings();
    },
  };
}

function replaceAll(map: Map<string, string>, entries: Iterable<readonly [string, string]>): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}

/** Operations of IncrementalAlterConfigs. */
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3] as const;

export interface ConfigChange {
  readonly name: string;
  readonly operation: number;
  readonly value: string | null;
}

/** The settings with the changes made; throws ConfigRefused and changes nothing where one is not valid. */
export function changed(target: Configurable, changes: readonly ConfigChange[]): Map<string, string> {
  const config = new Map(target.current);
  if (new Set(changes.map(({ name }) => name)).size < changes.length) {
    throw new ConfigRefused('INVALID_REQUEST', 'Error due to duplicate config keys');
  }
  for (const { name, operation, value } of changes) {
    if (operation === DELETE && !config.has(name) && target.forgiving) continue;
    const definition = target.definition(name);
    if (operation === DELETE) {
      config.delete(name);
      continue;
    }
    if (value === null) throw new ConfigRefused('INVALID_REQUEST', `Null value not supported for : ${name}`);
    const next = operation === SET ? value : listChanged(target, definition, operation, config.get(name), value);
    const why = invalid(definition, next);
    if (why !== undefined) throw new ConfigRefused('INVALID_CONFIG', why);
    config.set(name, next);
  }
  return config;
}

function listChanged(
  target: Configurable,
  definition: ConfigDefinition,
  operation: number,
  current: string | undefined,
  value: string,
): string {
  if (operation !== APPEND && operation !== SUBTRACT) {
    throw new ConfigRefused('INVALID_REQUEST', `Unknown config operation ${operation}`);
  }
  if (definition.type !== 'list') {
    throw new ConfigRefused(
      'INVALID_CONFIG',
      `Can't ${operation === APPEND ? 'APPEND' : 'SUBTRACT'} to key ${definition.name} because its type is not LIST.`,
    );
  }
  const before = elements(current ?? target.defaultOf(definition.name));
  const named = elements(value);
  const after =
    operation === APPEND
      ? [...before, ...named.filter((element) => !before.includes(element))]
      : before.filter((element) => !named.includes(element));
  return after.join(',');
}
