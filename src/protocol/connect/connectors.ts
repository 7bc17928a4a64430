import { CONFLUENT_SINK_OPTIONS, DEBEZIUM_SINK_OPTIONS } from './jdbc-options.js';
import { moderniseOptions } from './older-postgresql-options.js';
import type { OptionDefinition, RawConfig } from './option.js';
import { POSTGRES_OPTIONS } from './postgresql-options.js';

/** What can be said of a connector's class without running one. */
export interface ConnectorClass {
  readonly kind: 'source' | 'sink';
  readonly className: string;
  /** Names that mean the same. */
  readonly aliases: readonly string[];
  readonly options: readonly OptionDefinition[];
  /** Older names of options in today's words, and what to say about each that was found. */
  modernise(config: RawConfig): { readonly config: RawConfig; readonly warnings: readonly string[] };
}

export const POSTGRES_SOURCE: ConnectorClass = {
  kind: 'source',
  className: 'io.debezium.connector.postgresql.PostgresConnector',
  aliases: ['PostgresConnector', 'Postgres'],
  options: POSTGRES_OPTIONS,
  modernise: moderniseOptions,
};

const asItIs: ConnectorClass['modernise'] = (config) => ({ config, warnings: [] });

export const DEBEZIUM_JDBC_SINK: ConnectorClass = {
  kind: 'sink',
  className: 'io.debezium.connector.jdbc.JdbcSinkConnector',
  aliases: [],
  options: DEBEZIUM_SINK_OPTIONS,
  modernise: asItIs,
};

export const CONFLUENT_JDBC_SINK: ConnectorClass = {
  kind: 'sink',
  className: 'io.confluent.connect.jdbc.JdbcSinkConnector',
  aliases: [],
  options: CONFLUENT_SINK_OPTIONS,
  modernise: asItIs,
};

/** The classes that evpipe knows. */
export const CONNECTOR_CLASSES: readonly ConnectorClass[] = [POSTGRES_SOURCE, DEBEZIUM_JDBC_SINK, CONFLUENT_JDBC_SINK];
