import type { ClientCredentials, KafkaAccess, PasswordLogin, TokenLogin } from '../../clients/kafka/contract.js';
import type { TlsFiles } from '../../support/tls-files.js';

/** What other clients of a Kafka have to be told, in their own words. */

type Settings = Readonly<Record<string, string>>;

const LOGIN_MODULES = {
  plain: 'plain.PlainLoginModule',
  'scram-sha-256': 'scram.ScramLoginModule',
  'scram-sha-512': 'scram.ScramLoginModule',
} as const;
const JAVA = 'org.apache.kafka.common.security';

/** Of Java clients: kafka-console-consumer --command-config, Connect, Streams. Java does not accept an OAuth token as text: then the login is left out. */
export function javaProperties({ bootstrapServers, ssl, sasl }: KafkaAccess): Settings {
  return {
    'bootstrap.servers': bootstrapServers,
    'security.protocol': securityProtocol({ ssl, sasl }),
    ...(sasl !== undefined && { 'sasl.mechanism': sasl.mechanism.toUpperCase(), ...javaLogin(sasl) }),
    ...(typeof ssl === 'object' && javaTls(ssl)),
  };
}

/** Of librdkafka: kcat -F, and the clients built on it. */
export function librdkafkaSettings({ bootstrapServers, ssl, sasl }: KafkaAccess): Settings {
  return {
    'bootstrap.servers': bootstrapServers,
    'security.protocol': securityProtocol({ ssl, sasl }),
    ...(sasl !== undefined && { 'sasl.mechanism': sasl.mechanism.toUpperCase(), ...librdkafkaLogin(sasl) }),
    ...(typeof ssl === 'object' && librdkafkaTls(ssl)),
  };
}

function securityProtocol({ ssl, sasl }: Pick<KafkaAccess, 'ssl' | 'sasl'>): string {
  const secure = ssl !== undefined && ssl !== false;
  if (sasl === undefined) return secure ? 'SSL' : 'PLAINTEXT';
  return secure ? 'SASL_SSL' : 'SASL_PLAINTEXT';
}

function javaLogin(sasl: PasswordLogin | TokenLogin | ClientCredentials): Settings {
  if (sasl.mechanism !== 'oauthbearer') {
    const { mechanism, username, password } = sasl;
    return { 'sasl.jaas.config': jaas(LOGIN_MODULES[mechanism], { username, password }) };
  }
  if ('token' in sasl) return {};
  const { tokenEndpoint, clientId, clientSecret, scope, extensions = {} } = sasl;
  const named = Object.entries(extensions).map(([name, value]) => [`extension_${name}`, value]);
  return {
    'sasl.login.callback.handler.class': `${JAVA}.oauthbearer.OAuthBearerLoginCallbackHandler`,
    'sasl.oauthbearer.token.endpoint.url': tokenEndpoint,
    'sasl.jaas.config': jaas('oauthbearer.OAuthBearerLoginModule', {
      clientId,
      clientSecret,
      ...(scope !== undefined && { scope }),
      ...Object.fromEntries(named),
    }),
  };
}

/** JAAS takes backslashes and quotes behind a backslash. */
function jaas(module: string, options: Settings): string {
  const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;
  const pairs = Object.entries(options).map(([name, value]) => `${name}=${quoted(value)}`);
  return `${JAVA}.${module} required ${pairs.join(' ')};`;
}

/** KIP-651; a client certificate is added where its files are read. */
function javaTls({ ca, rejectUnauthorized }: TlsFiles): Settings {
  return {
    ...(ca !== undefined && { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': ca }),
    ...(rejectUnauthorized === false && { 'ssl.endpoint.identification.algorithm': '' }),
  };
}

function librdkafkaLogin(sasl: PasswordLogin | TokenLogin | ClientCredentials): Settings {
  if (sasl.mechanism !== 'oauthbearer') return { 'sasl.username': sasl.username, 'sasl.password': sasl.password };
  if ('token' in sasl) return {};
  const { tokenEndpoint, clientId, clientSecret, scope, extensions = {} } = sasl;
  const pairs = Object.entries(extensions).map(([name, value]) => `${name}=${value}`);
  return {
    'sasl.oauthbearer.method': 'oidc',
    'sasl.oauthbearer.token.endpoint.url': tokenEndpoint,
    'sasl.oauthbearer.client.id': clientId,
    'sasl.oauthbearer.client.secret': clientSecret,
    ...(scope !== undefined && { 'sasl.oauthbearer.scope': scope }),
    ...(pairs.length > 0 && { 'sasl.oauthbearer.extensions': pairs.join(',') }),
  };
}

const librdkafkaTls = ({ ca, cert, key, rejectUnauthorized }: TlsFiles): Settings => ({
  ...(ca !== undefined && { 'ssl.ca.location': ca }),
  ...(cert !== undefined && { 'ssl.certificate.location': cert }),
  ...(key !== undefined && { 'ssl.key.location': key }),
  ...(rejectUnauthorized === false && { 'enable.ssl.certificate.verification': 'false' }),
});
