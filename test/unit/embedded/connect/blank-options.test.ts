import { expect, it } from 'vitest';
import { Options } from '../../../../src/embedded/connect/config/options.js';
import { debeziumSettings } from '../../../../src/embedded/connect/jdbc/settings.js';
import { DEBEZIUM_SINK_OPTIONS } from '../../../../src/protocol/connect/jdbc-options.js';

const REQUIRED = { 'connection.url': 'jdbc:postgresql://127.0.0.1/db', 'connection.username': 'me' };

it.each([
  [{}, 'insert'],
  [{ 'insert.mode': ' ' }, 'insert'],
  [{ 'insert.mode': ' UPDATE' }, 'update'],
])('%j: rows are stored by %s, since an option of Debezium that is left blank is its default', (given, mode) => {
  const options = new Options(DEBEZIUM_SINK_OPTIONS, { ...REQUIRED, ...given });
  expect(debeziumSettings(options).insertMode).toBe(mode);
});
