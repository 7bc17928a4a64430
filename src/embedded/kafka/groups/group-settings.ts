import type { ConfigDefinition } from '../../../protocol/kafka/topic-configs.js';
import type { BrokerSettings } from '../topics/settings.js';

/** A setting of a group; its default and, where a broker bounds it, its bounds are the broker's settings of these names. */
export interface GroupSetting {
  readonly definition: ConfigDefinition;
  readonly brokerDefault?: string;
  readonly atLeast?: string;
  readonly atMost?: string;
}

const timing = (protocol: string, name: string, value: string, documentation: string): GroupSetting => ({
  definition: { name: `${protocol}.${name}`, type: 'int', default: value, min: 1, documentation },
  brokerDefault: `group.${protocol}.${name}`,
  atLeast: `group.${protocol}.min.${name}`,
  atMost: `group.${protocol}.max.${name}`,
});

const SHARE = 'No effect here. Share groups (KIP-932) are off.';
const STREAMS = 'No effect here. There are no streams groups (KIP-1071) here.';

export const GROUP_SETTINGS: readonly GroupSetting[] = [
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

const BY_NAME: ReadonlyMap<string, GroupSetting> = new Map(
  GROUP_SETTINGS.map((config) => [config.definition.name, config]),
);

export const groupSettingNamed = (name: string): GroupSetting | undefined => BY_NAME.get(name);

/** A group's setting (`consumer.session.timeout.ms` …): its own value or the broker's. */
export function groupSetting(settings: BrokerSettings, own: ReadonlyMap<string, string> | undefined, name: string) {
  const config = groupSettingNamed(name);
  if (config === undefined) throw new TypeError(`${name} is not a setting of groups`);
  return own?.get(name) ?? defaultOfGroups(settings, config);
}

export const defaultOfGroups = (settings: BrokerSettings, { definition, brokerDefault }: GroupSetting): string =>
  brokerDefault === undefined ? (definition.default ?? '') : settings.text(brokerDefault);
