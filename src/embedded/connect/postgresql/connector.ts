import { POSTGRES_SOURCE } from '../../../protocol/connect/connectors.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import { POSTGRES_OPTIONS } from '../../../protocol/connect/postgresql-options.js';
import { messageOf } from '../../../support/errors.js';
import { Options } from '../config/options.js';
import type { OptionProblem, SourceConnectorPlugin } from '../worker/plugin.js';
import { connect } from './connection.js';
import { readSettings } from './settings.js';
import { CONNECTOR_VERSION } from './source-info.js';
import { PostgresTask } from './task.js';

export const postgresConnector: SourceConnectorPlugin = {
  ...POSTGRES_SOURCE,
  kind: 'source',
  meaning: 'Rows of tables and their changes, from PostgreSQL’s WAL by pgoutput, as Debezium’s connector writes them.',
  version: CONNECTOR_VERSION,
  validate: validateConnection,
  createTask: (config, context) => new PostgresTask(readSettings(new Options(POSTGRES_OPTIONS, config)), context),
};

/** Whether the database lets this connector in, and can do what it needs. */
async function validateConnection(config: RawConfig): Promise<readonly OptionProblem[]> {
  const settings = readSettings(new Options(POSTGRES_OPTIONS, config));
  try {
    const client = await connect(settings);
    try {
      const { rows } = await client.query(
        `SELECT current_setting('wal_level') AS wal_level, r.rolreplication OR r.rolsuper AS may
         FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`,
      );
      const { wal_level: level, may } = rows[0];
      if (level !== 'logical')
        return [
          {
            option: 'database.hostname',
            message: `Postgres server wal_level property must be 'logical' but is: '${level}'`,
          },
        ];
      if (may !== true)
        return [
          {
            option: 'database.user',
            message: `Postgres roles LOGIN and REPLICATION are not assigned to user: ${settings.user}`,
          },
        ];
      return [];
    } finally {
      await client.end();
    }
  } catch (failure) {
    return [{ option: 'database.hostname', message: `Error while validating connector config: ${messageOf(failure)}` }];
  }
}
