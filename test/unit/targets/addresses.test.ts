import { describe, expect, it } from 'vitest';
import type { ClientCredentials } from '../../../src/clients/kafka/contract.js';
import { connectComponent } from '../../../src/kinds/connector/component.js';
import { fillConnector, withoutEmptyTls } from '../../../src/kinds/connector/connector-defaults.js';
import { databaseComponent } from '../../../src/kinds/database/component.js';
import { libpqEnvironment } from '../../../src/kinds/database/psql.js';
import { rabbitmqComponent } from '../../../src/kinds/rabbitmq/component.js';
import type { Session } from '../../../src/kinds/session.js';
import { registryComponent } from '../../../src/kinds/subject/component.js';
import { javaProperties, librdkafkaSettings } from '../../../src/kinds/topic/client-settings.js';
import { kafkaComponent } from '../../../src/kinds/topic/component.js';
import type { TargetSection } from '../../../src/pipeline/pipeline.js';
import { resolveAll } from '../../../src/pipeline/references.js';
import { type Component, type Endpoint, furtherVariable, variableOf } from '../../../src/targets/component.js';
import { placeComponents } from '../../../src/targets/placement.js';

const FOLDER = '/work/shop';

function endpointOf(component: Component, env: Record<string, string> = {}): Endpoint | undefined {
  const target = { name: 'live', base: 'cluster' as const };
  const input = { pipeline: 'shop', file: `${FOLDER}/evpipe.yaml`, folder: FOLDER, target, components: [component] };
  return placeComponents(input, env).address(component)?.host;
}

const at = (places: Omit<TargetSection, 'name' | 'base'> = {}) => ({
  name: 'shop',
  target: { name: 'live', base: 'cluster' as const, ...places },
  rabbitmq: undefined,
});

/** The endpoint that the variables lead to which `evpipe env` prints for an endpoint. */
function throughVariables(component: Component, endpoint: Endpoint): Endpoint | undefined {
  const { address } = component;
  const { text, further, credentials } = address;
  const more = Object.entries({ ...further?.(endpoint), ...credentials?.(endpoint) }).flatMap(([field, value]) =>
    value === undefined ? [] : [[furtherVariable(address, field), value]],
  );
  return endpointOf(component, { [variableOf(component)]: text(endpoint) ?? '', ...Object.fromEntries(more) });
}

describe('an address in the file', () => {
  it('has its user and password in the URL, encoded, and its certificates beside the file', () => {
    const schemaRegistry = {
      ...{ url: 'https://r:8081/', username: 'me@shop', password: 'p:/ss' },
      ssl: { ca: 'certs/ca.pem', cert: '/etc/me.pem', key: 'me.key' },
    };
    expect(endpointOf(registryComponent(at({ schemaRegistry })))).toEqual({
      url: 'https://me%40shop:p%3A%2Fss@r:8081',
      ssl: { ca: '/work/shop/certs/ca.pem', cert: '/etc/me.pem', key: '/work/shop/me.key' },
    });
  });

  it('gives to $(…) what it has, and an empty text for the rest', () => {
    const component = registryComponent(at({ schemaRegistry: { url: 'http://me%40shop:secret@r:8081' } }));
    const endpoint = endpointOf(component) as never;
    expect(component.address.referred?.(endpoint)).toEqual({
      ...{ username: 'me@shop', password: 'secret', token: '', ca: '', cert: '', key: '' },
    });
    const kafka = kafkaComponent(at({ kafka: { bootstrapServers: 'k:9092' } }));
    expect(kafka.address.referred?.({ bootstrapServers: 'k:9092' })).toMatchObject({
      ...{ securityProtocol: 'PLAINTEXT', saslMechanism: '', saslJaasConfig: '', username: '', ca: '' },
    });
  });
});

const scram = { mechanism: 'scram-sha-512', username: 'me', password: 's"e\\cret' } as const;
const oauth: ClientCredentials = {
  mechanism: 'oauthbearer',
  ...{ tokenEndpoint: 'https://idp/token', clientId: 'me', clientSecret: 'x', scope: 'kafka' },
  ssl: { ca: '/etc/idp.pem' },
};

const TLS = { sslmode: 'verify-full', sslrootcert: 'certs/my ca.pem', sslcert: '/etc/me.pem', sslkey: 'me.pk8' };

describe('a database with an address', () => {
  const person = (url: string, beside: Partial<typeof TLS> = {}) =>
    databaseComponent({ name: 'person' }, at({ databases: { person: { url, ...beside } } }));

  it('takes TLS in the URL or beside it, with files beside the pipeline; what the URL says wins', () => {
    const beside = endpointOf(person('postgres://u:p@db/person', TLS));
    const within = endpointOf(person(`postgres://u:p@db/person?${new URLSearchParams(TLS)}`));
    expect(within).toEqual(beside);
    expect([...new URL((beside as { url: string }).url).searchParams.values()]).toEqual([
      'verify-full',
      '/work/shop/certs/my ca.pem',
      '/etc/me.pem',
      '/work/shop/me.pk8',
    ]);
    const both = endpointOf(person('postgres://u:p@db/person?sslmode=require', { sslmode: 'disable' }));
    expect(both).toMatchObject({ url: 'postgres://u:p@db/person?sslmode=require' });
  });

  it('gives psql what libpq reads from its variables', async () => {
    const host = endpointOf(person('postgres://u:p%40@db/person', TLS));
    const session = {
      pipeline: { databases: [{ name: 'person' }] },
      clients: { endpoint: async () => ({ host }) },
      target: { as: (endpoint: Endpoint) => endpoint },
    } as unknown as Session;
    expect(await libpqEnvironment(session, 'person', 'owner')).toEqual({
      ...{ PGHOST: 'db', PGPORT: '5432', PGUSER: 'u', PGPASSWORD: 'p@', PGDATABASE: 'person' },
      ...{ PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/work/shop/certs/my ca.pem' },
      ...{ PGSSLCERT: '/etc/me.pem', PGSSLKEY: '/work/shop/me.pk8' },
    });
  });

  it('is refused with a mode that there is not', () => {
    expect(() => endpointOf(person('postgres://u:p@db/person?sslmode=on'))).toThrow(
      'TLS of a PostgreSQL address: sslmode=on is none of disable, prefer, require, verify-ca, verify-full',
    );
  });

  it.each<[string, Partial<typeof TLS>, Record<string, string>, string]>([
    ['without TLS', {}, {}, 'jdbc:postgresql://db:5432/person'],
    [
      'with TLS',
      TLS,
      {
        'database.sslmode': 'verify-full',
        'database.sslrootcert': '/work/shop/certs/my ca.pem',
        'database.sslcert': '/etc/me.pem',
        'database.sslkey': '/work/shop/me.pk8',
      },
      'jdbc:postgresql://db:5432/person?sslmode=verify-full&sslrootcert=%2Fwork%2Fshop%2Fcerts%2Fmy%20ca.pem&sslcert=%2Fetc%2Fme.pem&sslkey=%2Fwork%2Fshop%2Fme.pk8',
    ],
  ])('is told to connectors: %s', (_, beside, options, jdbcUrl) => {
    const component = person('postgres://u:p@db/person', beside);
    const fields = component.address.referred?.(endpointOf(component) as never) ?? {};
    const values = {
      get: (path: string) => fields[path.replace('databases.person.', '') as keyof typeof fields],
      entries: () => [],
    };
    const filled = (connectorClass: string) =>
      withoutEmptyTls(resolveAll(fillConnector('shop', 'c', 'person', { 'connector.class': connectorClass }), values));
    const source = filled('io.debezium.connector.postgresql.PostgresConnector');
    expect(Object.fromEntries(Object.entries(source).filter(([name]) => name.includes('ssl')))).toEqual(options);
    expect(filled('io.debezium.connector.jdbc.JdbcSinkConnector')['connection.url']).toBe(jdbcUrl);
  });
});

describe('the variables that evpipe env prints', () => {
  it.each<[string, Component]>([
    ['basic authentication', registryComponent(at({ schemaRegistry: { url: 'http://me:p%40ss@r:8081' } }))],
    [
      'a token',
      connectComponent(at({ connect: { url: 'https://c', token: 'abc', ssl: { rejectUnauthorized: false } } })),
    ],
    ['SCRAM over TLS', kafkaComponent(at({ kafka: { bootstrapServers: 'a:1,b:2', ssl: true, sasl: scram } }))],
    ['mTLS', kafkaComponent(at({ kafka: { bootstrapServers: 'a:1', ssl: { ca: 'ca', cert: 'c', key: 'k' } } }))],
    [
      'a Kafka token',
      kafkaComponent(at({ kafka: { bootstrapServers: 'a:1', sasl: { mechanism: 'oauthbearer', token: 't' } } })),
    ],
    ['client credentials', kafkaComponent(at({ kafka: { bootstrapServers: 'a:1', ssl: true, sasl: oauth } }))],
    [
      'TLS of PostgreSQL',
      databaseComponent({ name: 'person' }, at({ databases: { person: { url: 'postgres://u:p%40@db/p', ...TLS } } })),
    ],
    ['amqps', rabbitmqComponent(at({ rabbitmq: { url: 'amqps://me:x@q:5671/shop', ssl: { ca: 'ca.pem' } } }))],
  ])('lead to the same server: %s', (_, component) => {
    const endpoint = endpointOf(component);
    expect(endpoint).toBeDefined();
    expect(throughVariables({ ...component, placed: undefined }, endpoint as Endpoint)).toEqual(endpoint);
  });

  it('say which one is missing or wrong', () => {
    const kafka = kafkaComponent(at());
    const env = { EVPIPE_KAFKA_BOOTSTRAP_SERVERS: 'a:1' };
    expect(() => endpointOf(kafka, { ...env, EVPIPE_KAFKA_SASL_MECHANISM: 'GSSAPI' })).toThrow(/gssapi/);
    expect(() =>
      endpointOf(kafka, { ...env, EVPIPE_KAFKA_SASL_MECHANISM: 'PLAIN', EVPIPE_KAFKA_USERNAME: 'me' }),
    ).toThrow('plain needs EVPIPE_KAFKA_PASSWORD');
  });
});

describe('other clients of Kafka', () => {
  const bootstrapServers = 'k:9093';

  it('are told a login in their own words', () => {
    const access = { bootstrapServers, ssl: { ca: '/ca.pem' }, sasl: scram };
    expect(javaProperties(access)).toEqual({
      'bootstrap.servers': 'k:9093',
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.jaas.config':
        'org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="s\\"e\\\\cret";',
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': '/ca.pem',
    });
    expect(librdkafkaSettings(access)).toMatchObject({
      ...{ 'sasl.username': 'me', 'sasl.password': scram.password, 'ssl.ca.location': '/ca.pem' },
    });
  });

  it('are told where to fetch a token', () => {
    const access = { bootstrapServers, ssl: true, sasl: { ...oauth, extensions: { logicalCluster: 'lkc-1' } } };
    expect(javaProperties(access)['sasl.jaas.config']).toBe(
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId="me" clientSecret="x" scope="kafka" extension_logicalCluster="lkc-1";',
    );
    expect(librdkafkaSettings(access)).toMatchObject({
      'sasl.oauthbearer.method': 'oidc',
      'sasl.oauthbearer.extensions': 'logicalCluster=lkc-1',
    });
  });
});
