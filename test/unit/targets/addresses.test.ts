import { describe, expect, it } from 'vitest';
import type { ClientCredentials } from '../../../src/clients/kafka/contract.js';
import { connectComponent } from '../../../src/kinds/connector/component.js';
import { rabbitmqComponent } from '../../../src/kinds/rabbitmq/component.js';
import { registryComponent } from '../../../src/kinds/subject/component.js';
import { javaProperties, librdkafkaSettings } from '../../../src/kinds/topic/client-settings.js';
import { kafkaComponent } from '../../../src/kinds/topic/component.js';
import type { TargetSection } from '../../../src/pipeline/pipeline.js';
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
  const { text, further, credentials } = component.address;
  const more = Object.entries({ ...further?.(endpoint), ...credentials?.(endpoint) }).flatMap(([field, value]) =>
    value === undefined ? [] : [[furtherVariable(component, field), value]],
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
