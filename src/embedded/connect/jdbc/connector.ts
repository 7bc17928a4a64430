import { CONFLUENT_JDBC_SINK, type ConnectorClass, DEBEZIUM_JDBC_SINK } from '../../../protocol/connect/connectors.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import { Options } from '../config/options.js';
import { CONNECTOR_VERSION } from '../postgresql/source-info.js';
import type { SinkConnectorPlugin } from '../worker/plugin.js';
import { confluentSettings, debeziumSettings, type JdbcSettings } from './settings.js';
import { JdbcSinkTask } from './task.js';

function sink(
  known: ConnectorClass,
  names: Pick<SinkConnectorPlugin, 'meaning' | 'taskClass' | 'version'>,
  read: (options: Options) => JdbcSettings,
): SinkConnectorPlugin {
  const settingsOf = (config: RawConfig): JdbcSettings => read(new Options(known.options, config));
  return {
    ...known,
    ...names,
    kind: 'sink',
    // The real ones don't ask the database before their tasks start either.
    validate: async () => [],
    createTask: (config, context) => new JdbcSinkTask(settingsOf(config), context),
  };
}

export const debeziumJdbcSink = sink(
  DEBEZIUM_JDBC_SINK,
  {
    meaning: 'Records of topics into tables, as Debezium’s sink writes them; to PostgreSQL only.',
    taskClass: 'io.debezium.connector.jdbc.JdbcSinkConnectorTask',
    version: CONNECTOR_VERSION,
  },
  debeziumSettings,
);

export const confluentJdbcSink = sink(
  CONFLUENT_JDBC_SINK,
  {
    meaning: 'Records of topics into tables, as Confluent’s sink writes them; to PostgreSQL only.',
    taskClass: 'io.confluent.connect.jdbc.sink.JdbcSinkTask',
    version: '10.8.4',
  },
  confluentSettings,
);
