import { type OptionDefinition, optional, problemsOf, type RawConfig } from '../../../protocol/connect/option.js';
import { EvpipeError } from '../../../support/errors.js';

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
    'The workers with this name, and the same three topics, share connectors and tasks. A worker of Apache Kafka Connect can’t be one of them.',
  ),
  optional(
    'INT',
    'session.timeout.ms',
    '10000',
    'A worker that the others have not heard of for so long has its connectors and tasks taken over, and stops them itself.',
  ),
  optional(
    'STRING',
    'rest.advertised.host.name',
    '',
    'The name by which the other workers reach this one, where they run on other machines; empty: the address that it listens at.',
  ),
  optional(
    'STRING',
    'exactly.once.source.support',
    'disabled',
    'Whether sources write their records and offsets in one transaction (KIP-618): `enabled`, `disabled`, or `preparing`, which is the same as `disabled` here. A snapshot that is cut off is taken anew, as by the real connector.',
    { oneOf: ['disabled', 'preparing', 'enabled'] },
  ),
  optional('STRING', 'config.storage.topic', 'connect-configs', 'Topic of the connectors’ configurations.'),
  optional('STRING', 'offset.storage.topic', 'connect-offsets', 'Topic of the source connectors’ offsets.'),
  optional('STRING', 'status.storage.topic', 'connect-status', 'Topic of the connectors’ and tasks’ states.'),
];

export const isExactlyOnce = (worker: RawConfig): boolean =>
  worker['exactly.once.source.support']?.trim().toLowerCase() === 'enabled';

export const groupOf = (worker: RawConfig): string => worker['group.id'] ?? '';

/** The variable that sets an option of Debezium's image, and here. */
export const variableOf = (option: string): string => `CONNECT_${option.toUpperCase().replaceAll('.', '_')}`;

/** The options of a worker: as its variables say, else as given, else the defaults. */
export function workerOptions(
  given: RawConfig = {},
  variables: Readonly<Record<string, string | undefined>> = {},
): RawConfig {
  const options: Record<string, string> = { ...given };
  for (const { name, default: fallback } of WORKER_OPTIONS)
    options[name] = variables[variableOf(name)] ?? given[name] ?? fallback ?? '';
  const problems = WORKER_OPTIONS.flatMap((option) => problemsOf(option, options));
  if (problems.length > 0)
    throw new EvpipeError('EVPIPE_CONNECT_WORKER_OPTION', problems.join('; '), { kind: 'usage' });
  return options;
}
