/** The ksqlDB whose behaviour the engine follows. */
export const KSQLDB_VERSION = '0.29.0';
