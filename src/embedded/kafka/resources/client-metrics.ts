import { type ConfigDefinition, elements } from '../../../protocol/kafka/topic-configs.js';
import { ConfigRefused, type ConfigResource, type Configurable, replaced } from './config-resource.js';
import type { DescribedConfig } from './described-config.js';

const WHY = 'Kept; no client is asked for its metrics (KIP-714) here.';

// Kafka calls two of them lists when it describes them, and not when it alters them.
const DEFINITIONS: readonly ConfigDefinition[] = [
  { name: 'interval.ms', type: 'int', default: '300000', documentation: WHY },
  { name: 'match', type: 'list', default: '', documentation: WHY },
  { name: 'metrics', type: 'list', default: '', documentation: WHY },
];

/** Subscriptions to the metrics of clients, by any name. */
export const clientMetricsResource: ConfigResource = {
  type: 16,
  names: (broker) => broker.configs.names('clientMetrics'),
  describe(broker, subscription) {
    const own = broker.configs.of('clientMetrics', subscription);
    return DEFINITIONS.map((definition): DescribedConfig => {
      const { name } = definition;
      const set = listed(definition, own?.get(name));
      const base = { name, readOnly: false, sensitive: false, definition };
      return set === undefined
        ? { ...base, value: definition.default, source: 'default', synonyms: [] }
        : { ...base, value: set, source: 'clientMetrics', synonyms: [{ name, value: set, source: 'clientMetrics' }] };
    });
  },
  configurable(broker, subscription): Configurable {
    if (subscription === '') throw new ConfigRefused('INVALID_REQUEST', "Subscription name can't be empty");
    return {
      current: broker.configs.of('clientMetrics', subscription) ?? new Map<string, string>(),
      definition(name) {
        const found = DEFINITIONS.find((definition) => definition.name === name);
        if (found !== undefined) return { ...found, type: name === 'interval.ms' ? 'int' : 'string' };
        throw new ConfigRefused('INVALID_REQUEST', `Unknown client metrics configuration: ${name}`);
      },
      defaultOf: () => '',
      forgiving: true,
      check,
      apply: (config) => replaced(broker.configs.made('clientMetrics', subscription), config, () => broker.save()),
    };
  },
};

/** Kafka reads a list before it describes it. */
const listed = ({ type }: ConfigDefinition, value: string | undefined): string | undefined =>
  type === 'list' && value !== undefined ? elements(value).join(',') : value;

const MATCHED = [
  'client_id',
  'client_instance_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
];

function check(config: ReadonlyMap<string, string>): void {
  const interval = Number(config.get('interval.ms') ?? '300000');
  if (interval < 100 || interval > 3_600_000) {
    const allowed = 'interval must be between 100 and 3600000 (1 hour)';
    throw new ConfigRefused('INVALID_REQUEST', `Invalid value ${interval} for interval.ms, ${allowed}`);
  }
  for (const pattern of (config.get('match') ?? '').split(',').filter((text) => text.trim() !== '')) {
    const [key = '', value] = pattern.split('=').map((text) => text.trim());
    if (value === undefined || !MATCHED.includes(key)) {
      throw new ConfigRefused('INVALID_CONFIG', `Illegal client matching pattern: ${pattern.trim()}`);
    }
  }
}
