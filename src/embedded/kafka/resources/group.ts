import type { ConfigDefinition } from '../../../protocol/kafka/topic-configs.js';
import type { BrokerSettings } from '../topics/settings.js';
import { ConfigRefused, type ConfigResource, type Configurable, replaced } from './config-resource.js';
import type { DescribedConfig } from './described-config.js';

/** A setting of a group; its default and, where a broker bounds it, its bounds are the broker's settings of these names. */
interface GroupConfig {
  readonly definition: ConfigDefinition;
  readonly brokerDefault?: string;
  readonly atLeast?: string;
  readonly atMost?: string;
}

const timing = (protocol: string, name: string, value: string, documentation: string): GroupConfig => ({
  definition: { name: `${protocol}.${name}`, type: 'int', default: value, min: 1, documentation },
  brokerDefault: `group.${protocol}.${name}`,
  atLeast: `group.${protocol}.min.${name}`,
  atMost: `group.${protocol}.max.${name}`,
});

const SHARE = 'No effect here. Share groups (KIP-932) are off.';
const STREAMS = 'No effect here. There are no streams groups (KIP-1071) here.';

const GROUP_CONFIGS: readonly GroupConfig[] = [
  timing(
    'consumer',
    'session.timeout.ms',
    '45000',
    'After how long without a heartbeat a member of the group is removed.',
  ),
  timing('consumer', 'heartbeat.interval.ms', '5000', 'How often members of the group heartbeat.'),
  timing('share', 'session.timeout.ms', '45000', SHARE),
  timing('share', 'heartbeat.interval.ms', '5000', SHARE),
  {
    definition: {
      name: 'share.record.lock.duration.ms',
      type: 'int',
      default: '30000',
      min: 1000,
      documentation: SHARE,
    },
    brokerDefault: 'group.share.record.lock.duration.ms',
    atLeast: 'group.share.min.record.lock.duration.ms',
    atMost: 'group.share.max.record.lock.duration.ms',
  },
  { definition: { name: 'share.auto.offset.reset', type: 'string', default: 'latest', documentation: SHARE } },
  {
    definition: {
      name: 'share.isolation.level',
      type: 'string',
      default: 'read_uncommitted',
      oneOf: ['read_committed', 'read_uncommitted'],
      documentation: SHARE,
    },
  },
  timing('streams', 'session.timeout.ms', '45000', STREAMS),
  timing('streams', 'heartbeat.interval.ms', '5000', STREAMS),
  {
    definition: { name: 'streams.num.standby.replicas', type: 'int', default: '0', min: 0, documentation: STREAMS },
    brokerDefault: 'group.streams.num.standby.replicas',
    atMost: 'group.streams.max.standby.replicas',
  },
];

const BY_NAME: ReadonlyMap<string, GroupConfig> = new Map(
  GROUP_CONFIGS.map((config) => [config.definition.name, config]),
);

/** A group's setting (`consumer.session.timeout.ms` …): its own value or the broker's. */
export function groupSetting(settings: BrokerSettings, own: ReadonlyMap<string, string> | undefined, name: string) {
  const config = BY_NAME.get(name);
  if (config === undefined) throw new TypeError(`${name} is not a setting of groups`);
  return own?.get(name) ?? defaultOf(settings, config);
}

const defaultOf = (settings: BrokerSettings, { definition, brokerDefault }: GroupConfig): string =>
  brokerDefault === undefined ? (definition.default ?? '') : settings.text(brokerDefault);

/** Settings of groups by their ids, whether the group is there or not. */
export const groupResource: ConfigResource = {
  type: 32,
  names: (broker) => broker.configs.names('groups'),
  describe(broker, id) {
    if (id === '') throw new ConfigRefused('INVALID_REQUEST', 'Group name must not be empty');
    const own = broker.configs.of('groups', id);
    return GROUP_CONFIGS.map((config): DescribedConfig => {
      const { definition } = config;
      const { name } = definition;
      const set = own?.get(name);
      const value = set ?? defaultOf(broker.settings, config);
      const source = set === undefined ? 'default' : 'group';
      return {
        name,
        value,
        source,
        readOnly: false,
        sensitive: false,
        definition,
        synonyms: [{ name, value, source }],
      };
    });
  },
  configurable(broker, id): Configurable {
    if (id === '') throw new ConfigRefused('INVALID_REQUEST', 'Default group resources are not allowed.');
    const current = broker.configs.of('groups', id) ?? new Map<string, string>();
    return {
      current,
      definition: (name) => configOf(name).definition,
      defaultOf: (name) => defaultOf(broker.settings, configOf(name)),
      forgiving: true,
      check: (config) => {
        for (const [name, value] of config) checkBounds(broker.settings, configOf(name), Number(value));
      },
      apply: (config) => replaced(broker.configs.made('groups', id), config, () => broker.save()),
    };
  },
};

function configOf(name: string): GroupConfig {
  const config = BY_NAME.get(name);
  if (config === undefined) throw new ConfigRefused('INVALID_CONFIG', `Unknown group config name: ${name}`);
  return config;
}

function checkBounds(settings: BrokerSettings, { definition, atLeast, atMost }: GroupConfig, value: number): void {
  const refuse = (relation: string, bound: string): never => {
    throw new ConfigRefused('INVALID_CONFIG', `${definition.name} must be ${relation} than or equal to ${bound}`);
  };
  if (atLeast !== undefined && value < settings.number(atLeast)) refuse('greater', atLeast);
  if (atMost !== undefined && value > settings.number(atMost)) refuse('less', atMost);
}
