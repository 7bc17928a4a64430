import type { ConfigDefinition } from '../../../protocol/kafka/topic-configs.js';
import type { Broker } from '../broker.js';
import { CONFIG_OPERATIONS, ConfigRefused, type ConfigResource, type Configurable } from './config-resource.js';

const LEVELS = ['DEBUG', 'ERROR', 'FATAL', 'INFO', 'TRACE', 'WARN'] as const;
const ROOT = 'root';

/** There is one logger here, and its level is what was last set: everything is logged whatever it is. */
export const brokerLoggerResource: ConfigResource = {
  type: 8,
  names: (broker) => [String(broker.nodeId)],
  describe(broker, name) {
    if (!/^-?\d+$/.test(name)) {
      throw new ConfigRefused('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`);
    }
    if (name !== String(broker.nodeId)) {
      const expected = `expected ${broker.nodeId} but received ${name}`;
      throw new ConfigRefused('INVALID_REQUEST', `Unexpected broker id, ${expected}`);
    }
    const definition = { type: 'unknown', documentation: '' } as const;
    const value = broker.loggerLevel;
    return [{ name: ROOT, value, source: 'brokerLogger', readOnly: false, sensitive: false, definition, synonyms: [] }];
  },
  configurable: loggerConfigurable,
};

function loggerConfigurable(broker: Broker, name: string): Configurable {
  if (name !== String(broker.nodeId)) {
    throw new ConfigRefused('INVALID_REQUEST', `Unexpected node id. Expected ${broker.nodeId}, but received ${name}`);
  }
  return {
    current: new Map([[ROOT, broker.loggerLevel]]),
    definition(logger): ConfigDefinition {
      if (logger !== ROOT) throw new ConfigRefused('INVALID_CONFIG', `Logger ${logger} does not exist!`);
      return { name: ROOT, type: 'list', default: 'INFO', documentation: '' };
    },
    defaultOf: () => 'INFO',
    forgiving: false,
    check(config, changes) {
      for (const { operation } of changes) refuseOperation(operation);
      const level = config.get(ROOT) ?? '';
      if (LEVELS.some((known) => known === level)) return;
      const supported = `Valid log levels are ${LEVELS.join(', ')}`;
      throw new ConfigRefused(
        'INVALID_CONFIG',
        `Cannot set the log level of ${ROOT} to ${level} as it is not a supported log level. ${supported}`,
      );
    },
    apply(config) {
      broker.loggerLevel = config.get(ROOT) ?? 'INFO';
    },
  };
}

function refuseOperation(operation: number): void {
  if (operation === CONFIG_OPERATIONS.delete) {
    throw new ConfigRefused('INVALID_REQUEST', 'Removing the log level of the root logger is not allowed');
  }
  if (operation !== CONFIG_OPERATIONS.set) {
    const name = operation === CONFIG_OPERATIONS.append ? 'APPEND' : 'SUBTRACT';
    throw new ConfigRefused('INVALID_REQUEST', `${name} operation is not allowed for the BROKER_LOGGER resource`);
  }
}
