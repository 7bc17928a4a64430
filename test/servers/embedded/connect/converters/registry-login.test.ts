import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Options } from '../../../../../src/embedded/connect/config/options.js';
import { avroConverter } from '../../../../../src/embedded/connect/converters/avro.js';
import { Schema, Struct } from '../../../../../src/embedded/connect/data/schema.js';
import { startKafka } from '../../../../../src/embedded/kafka/index.js';
import { startSchemaRegistry } from '../../../../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../../../../src/support/lifetime.js';
import { silentLog } from '../../../../../src/support/log.js';

const LOGIN = { username: 'shop', password: 's3:cret' };
const life = new Lifetime();
let address: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evpipe-registry-login-'));
  life.onEnd(() => rm(folder, { recursive: true, force: true }));
  const broker = await startKafka({ dataDir: folder });
  life.onEnd(() => broker.stop());
  const { bootstrapServers } = broker;
  const registry = await startSchemaRegistry({
    host: '127.0.0.1',
    port: 0,
    bootstrapServers,
    login: LOGIN,
    log: silentLog,
  });
  life.onEnd(() => registry.stop());
  address = `127.0.0.1:${registry.port}`;
});
afterAll(() => life.end());

const row = new Schema('struct', { name: 'Row', fields: [['id', new Schema('int32')]] });

async function roundTrip(config: Readonly<Record<string, string>>): Promise<unknown> {
  const converter = avroConverter.create(new Options(avroConverter.options, config), false);
  const bytes = await converter.fromConnect('rows', row, new Struct(row, [7]));
  const { value } = await converter.toConnect('rows', bytes);
  return (value as Struct).get('id');
}

it('converters log in at the registry, by options or by its URL', async () => {
  const userInfo = {
    'schema.registry.url': `http://${address}`,
    'basic.auth.credentials.source': 'USER_INFO',
    'basic.auth.user.info': `${LOGIN.username}:${LOGIN.password}`,
  };
  expect(await roundTrip(userInfo)).toBe(7);
  expect(await roundTrip({ 'schema.registry.url': `http://shop:s3%3Acret@${address}` })).toBe(7);
});

it.each([
  ['without a login', {}],
  // Confluent's converters take the login of the option only where its source is named.
  ['with a login whose source is not named', { 'basic.auth.user.info': 'shop:s3:cret' }],
  ['with a wrong login', { 'basic.auth.credentials.source': 'USER_INFO', 'basic.auth.user.info': 'shop:no' }],
])('%s the registry refuses, and the converter says so', async (_, more) => {
  await expect(roundTrip({ 'schema.registry.url': `http://${address}`, ...more })).rejects.toMatchObject({
    cause: { cause: { message: 'Unauthorized; error code: 401' } },
  });
});
