import { type OptionDefinition, Options, type RawConfig } from '../config/option.js';
import { CONNECTOR_VERSION } from '../postgresql/source-info.js';
import type { SinkConnectorPlugin } from '../worker/plugin.js';
import { CONFLUENT_SINK_OPTIONS, DEBEZIUM_SINK_OPTIONS } from './options.js';
import { confluentSettings, debeziumSettings, type JdbcSettings } from './settings.js';
import { JdbcSinkTask } from './task.js';

function sink(
  names: Pick<SinkConnectorPlugin, 'className' | 'meaning' | 'taskClass' | 'version'>,
  options: readonly OptionDefinition[],
  read: (options: Options) => JdbcSettings,
): SinkConnectorPlugin {
  const settingsOf = (config: RawConfig): JdbcSettings => read(new Options(options, config));
  return {
    kind: 'sink',
    ...names,
    aliases: [],
    options,
    modernise: (config) => ({ config, warnings: [] }),
    // The real ones don't ask the database before their tasks start either.
    validate: async () => [],
    createTask: (config, context) => new JdbcSinkTask(settingsOf(config), context),
  };
}

export const debeziumJdbcSink = sink(
  {
    className: 'io.debezium.connector.jdbc.JdbcSinkConnector',
    meaning: 'Records of topics into tables, as Debezium’s sink writes them; to PostgreSQL only.',
    taskClass: 'io.debezium.connector.jdbc.JdbcSinkConnectorTask',
    version: CONNECTOR_VERSION,
  },
  DEBEZIUM_SINK_OPTIONS,
  debeziumSettings,
);

export const confluentJdbcSink = sink(
  {
    className: 'io.confluent.connect.jdbc.JdbcSinkConnector',
    meaning: 'Records of topics into tables, as Confluent’s sink writes them; to PostgreSQL only.',
    taskClass: 'io.confluent.connect.jdbc.sink.JdbcSinkTask',
    version: '10.8.4',
  },
  CONFLUENT_SINK_OPTIONS,
  confluentSettings,
);
