import { type OptionDefinition, optional, type RawConfig } from '../../../protocol/connect/option.js';

/** The worker's own options, as a real worker's file has them. */
export const WORKER_OPTIONS: readonly OptionDefinition[] = [
  optional(
    'CLASS',
    'key.converter',
    'org.apache.kafka.connect.storage.StringConverter',
    'Converter of keys, for connectors that name none; its options are `key.converter.…`.',
  ),
  optional(
    'CLASS',
    'value.converter',
    'org.apache.kafka.connect.json.JsonConverter',
    'Converter of values, for connectors that name none; its options are `value.converter.…`.',
  ),
  optional(
    'CLASS',
    'header.converter',
    'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    'Converter of headers, for connectors that name none; its options are `header.converter.…`.',
  ),
  optional(
    'STRING',
    'group.id',
    'connect-cluster',
    'The group by which workers see each other: a second worker in it does not start and says which one runs.',
  ),
  optional('STRING', 'config.storage.topic', 'connect-configs', 'Topic of the connectors’ configurations.'),
  optional('STRING', 'offset.storage.topic', 'connect-offsets', 'Topic of the source connectors’ offsets.'),
  optional('STRING', 'status.storage.topic', 'connect-status', 'Topic of the connectors’ and tasks’ states.'),
];

export const withWorkerDefaults = (given: RawConfig = {}): RawConfig => ({
  ...Object.fromEntries(WORKER_OPTIONS.map(({ name, default: fallback }) => [name, fallback ?? ''])),
  ...given,
});
