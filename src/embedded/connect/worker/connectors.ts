import { postgresConnector } from '../postgresql/connector.js';
import type { ConnectorPlugin } from './plugin.js';

export const CONNECTORS: readonly ConnectorPlugin[] = [postgresConnector];
