import { describe, expect, it } from 'vitest';
import { REGISTRY_OPTIONS } from '../../../src/embedded/connect/converters/registry-options.js';
import { WORKER_OPTIONS } from '../../../src/embedded/connect/worker/worker-options.js';
import { CONNECTOR_OPTIONS, SINK_OPTIONS, SOURCE_OPTIONS } from '../../../src/protocol/connect/connector-options.js';
import { CONFLUENT_SINK_OPTIONS, DEBEZIUM_SINK_OPTIONS } from '../../../src/protocol/connect/jdbc-options.js';
import { POSTGRES_OPTIONS } from '../../../src/protocol/connect/postgresql-options.js';
import { hiding, isSecretOption, secretsIn, withoutLogins } from '../../../src/support/masked.js';

const OPTIONS = [
  ...[CONNECTOR_OPTIONS, SINK_OPTIONS, SOURCE_OPTIONS, POSTGRES_OPTIONS, DEBEZIUM_SINK_OPTIONS].flat(),
  ...[CONFLUENT_SINK_OPTIONS, WORKER_OPTIONS, REGISTRY_OPTIONS].flat(),
];

describe('an option', () => {
  it('of our own is secret exactly where its type is PASSWORD', () => {
    const secret = OPTIONS.filter(({ type }) => type === 'PASSWORD').map(({ name }) => name);
    expect(secret.length).toBeGreaterThan(0);
    expect(OPTIONS.map(({ name }) => name).filter(isSecretOption)).toEqual(secret);
  });

  it.each([
    'token',
    'bearer.auth.token',
    'bearer.auth.client.secret',
    'sasl.jaas.config',
    'producer.override.sasl.jaas.config',
    'sasl.oauthbearer.client.credentials.client.secret',
    'value.converter.basic.auth.user.info',
    'schema.registry.basic.auth.user.info',
    'ssl.key.password',
    'ssl.keystore.password',
    'ssl.keystore.key',
    'ssl.truststore.password',
    'aws.secret.access.key',
    'aws.access.key',
    'database.password',
    'connection.password',
    'hibernate.connection.password',
    'azure.sas.token',
    'api_key',
    'gcp.credentials',
    'GITHUB_TOKEN',
  ])('%s is secret', (name) => {
    expect(isSecretOption(name)).toBe(true);
  });

  it.each([
    'database.user',
    'key.converter',
    'message.key.columns',
    'pk.fields',
    'primary.key',
    'sasl.oauthbearer.token.endpoint.url',
    'sasl.mechanism',
    'transforms.token.type',
    'topic.prefix',
  ])('%s is not', (name) => {
    expect(isSecretOption(name)).toBe(false);
  });
});

it.each([
  ['postgres://ada:hush@db:5432/shop', 'postgres://[hidden]@db:5432/shop'],
  [
    'jdbc:postgresql://db/shop?user=ada&password=hush&ssl=true',
    'jdbc:postgresql://db/shop?user=ada&password=[hidden]&ssl=true',
  ],
  ['jdbc:sqlserver://db;user=ada;password=hush', 'jdbc:sqlserver://db;user=ada;password=[hidden]'],
  ['postgres://db/shop?sslpassword=hush', 'postgres://db/shop?sslpassword=[hidden]'],
  ['GET https://api/x?access_token=hush failed', 'GET https://api/x?access_token=[hidden] failed'],
  ['https://h/x?sig=hush#part', 'https://h/x?sig=[hidden]#part'],
  ['https://h/x?page=2&token=', 'https://h/x?page=2&token='],
  ['no URL: a@b, password=hush', 'no URL: a@b, password=hush'],
  ['> Authorization: Bearer hush.hush\n> Accept: */*', '> Authorization: Bearer [hidden]\n> Accept: */*'],
  ['{"authorization":"Basic aHVzaA==","accept":"*"}', '{"authorization":"Basic [hidden]","accept":"*"}'],
  ['Set-Cookie: id=hush; Path=/\nx-api-key: hush', 'Set-Cookie: [hidden]\nx-api-key: [hidden]'],
  ['authorization: denied for group packers', 'authorization: denied for group packers'],
  ['DB_PASSWORD=hush MODE=dev', 'DB_PASSWORD=[hidden] MODE=dev'],
])('%s is shown without its logins', (text, shown) => {
  expect(withoutLogins(text)).toBe(shown);
});

describe('what programs write', () => {
  const given = {
    env: {
      DATABASE_URL: 'postgres://shop:P%40ss-w0rd@db/shop',
      API_KEY: 'k3y.with*signs',
      MODE: 'development-of-shop',
    },
    config: new Map([['database.password', '${file:/secrets:shop}']]),
    nested: [{ token: 'postgres' }, { secret: 'tok3n' }],
  };

  it('holds the secrets that it was given', () => {
    expect([...secretsIn(given)]).toEqual([
      'P%40ss-w0rd',
      'k3y.with*signs',
      '${file:/secrets:shop}',
      'postgres',
      'tok3n',
    ]);
    const knot: Record<string, unknown> = { password: 'hush' };
    knot.self = knot;
    expect([...secretsIn(knot)]).toEqual(['hush']);
  });

  it.each([
    ['connecting with P@ss-w0rd', 'connecting with [hidden]'],
    ['shop:P%40ss-w0rd', 'shop:[hidden]'],
    ['key=k3y.with*signs, again k3y.with*signs.', 'key=[hidden], again [hidden].'],
    ['k3y.with*signsofmore', 'k3y.with*signsofmore'],
    ['${file:/secrets:shop} in development-of-shop', '${file:/secrets:shop} in development-of-shop'],
    ['postgres is a word, and tok3n too short', 'postgres is a word, and tok3n too short'],
    ['Authorization: Bearer other', 'Authorization: Bearer [hidden]'],
  ])('%s is shown without them', (text, shown) => {
    expect(hiding(secretsIn(given))(text)).toBe(shown);
  });

  it('is shown as it is where nothing is known, but for logins', () => {
    expect(hiding([])('postgres://ada:hush@db/shop')).toBe('postgres://[hidden]@db/shop');
  });
});
