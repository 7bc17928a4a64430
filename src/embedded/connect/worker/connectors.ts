import { confluentJdbcSink, debeziumJdbcSink } from '../jdbc/connector.js';
import { postgresConnector } from '../postgresql/connector.js';
import type { ConnectorPlugin } from './plugin.js';

export const CONNECTORS: readonly ConnectorPlugin[] = [postgresConnector, debeziumJdbcSink, confluentJdbcSink];
