import { defaultOfGroups, GROUP_SETTINGS, type GroupSetting, groupSettingNamed } from '../groups/group-settings.js';
import type { BrokerSettings } from '../topics/settings.js';
import { ConfigRefused, type ConfigResource, type Configurable, replaced } from './config-resource.js';
import type { DescribedConfig } from './described-config.js';

/** Settings of groups by their ids, whether the group is there or not. */
export const groupResource: ConfigResource = {
  type: 32,
  names: (broker) => broker.configs.names('groups'),
  describe(broker, id) {
    if (id === '') throw new ConfigRefused('INVALID_REQUEST', 'Group name must not be empty');
    const own = broker.configs.of('groups', id);
    return GROUP_SETTINGS.map((config): DescribedConfig => {
      const { definition } = config;
      const { name } = definition;
      const set = own?.get(name);
      const value = set ?? defaultOfGroups(broker.settings, config);
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
      defaultOf: (name) => defaultOfGroups(broker.settings, configOf(name)),
      forgiving: true,
      check: (config) => {
        for (const [name, value] of config) checkBounds(broker.settings, configOf(name), Number(value));
      },
      apply: (config) => replaced(broker.configs.made('groups', id), config, () => broker.save()),
    };
  },
};

function configOf(name: string): GroupSetting {
  const config = groupSettingNamed(name);
  if (config === undefined) throw new ConfigRefused('INVALID_CONFIG', `Unknown group config name: ${name}`);
  return config;
}

function checkBounds(settings: BrokerSettings, { definition, atLeast, atMost }: GroupSetting, value: number): void {
  const refuse = (relation: string, bound: string): never => {
    throw new ConfigRefused('INVALID_CONFIG', `${definition.name} must be ${relation} than or equal to ${bound}`);
  };
  if (atLeast !== undefined && value < settings.number(atLeast)) refuse('greater', atLeast);
  if (atMost !== undefined && value > settings.number(atMost)) refuse('less', atMost);
}
