import { resolve } from 'node:path';
import type { KafkaAccess, Sasl } from '../../clients/kafka/contract.js';
import { EvpipeError } from '../../support/errors.js';
import type { TlsFiles } from '../../support/tls-files.js';
import type { AddressContext, AddressForm } from '../../targets/component.js';
import { absoluteTls, furtherTls, referredTls, TLS_FIELDS, writtenTls } from '../tls-address.js';
import { javaProperties } from './client-settings.js';

/** How an address of Kafka is written: in the file, in EVPIPE_KAFKA_…, as `$(kafka.…)`. */

type Further = (field: string) => string | undefined;

export const kafkaAddress: AddressForm<'kafka'> = {
  variable: ['KAFKA', 'BOOTSTRAP_SERVERS'],
  form: 'host:port',
  written: (bootstrapServers, further) => {
    const sasl = writtenSasl(further);
    const ssl = writtenTls(further) ?? (further('SSL') === 'true' ? true : undefined);
    return { bootstrapServers, ...(ssl !== undefined && { ssl }), ...(sasl !== undefined && { sasl }) };
  },
  endpoint: (address, context) => ({ ...address, ...absoluteFiles(address, context) }),
  text: ({ bootstrapServers }) => bootstrapServers,
  further: ({ ssl, sasl }) => ({
    SSL: ssl === true ? 'true' : undefined,
    ...furtherTls(filesOf(ssl)),
    ...furtherSasl(sasl),
  }),
  referred: (endpoint) => {
    const { ssl, sasl } = endpoint;
    const java = javaProperties(endpoint);
    return {
      securityProtocol: java['security.protocol'],
      saslMechanism: java['sasl.mechanism'] ?? '',
      saslJaasConfig: java['sasl.jaas.config'] ?? '',
      username: sasl !== undefined && 'username' in sasl ? sasl.username : '',
      password: sasl !== undefined && 'password' in sasl ? sasl.password : '',
      token: sasl !== undefined && 'token' in sasl ? sasl.token : '',
      ...referredTls(filesOf(ssl)),
    };
  },
};

/** What `$(kafka.…)` offers. */
export const KAFKA_FIELDS = [
  ...['bootstrapServers', 'securityProtocol', 'saslMechanism', 'saslJaasConfig', 'username', 'password', 'token'],
  ...TLS_FIELDS,
];

const filesOf = (ssl: KafkaAccess['ssl']): TlsFiles | undefined => (typeof ssl === 'object' ? ssl : undefined);

function absoluteFiles({ ssl, sasl }: KafkaAccess, { folder }: AddressContext): Pick<KafkaAccess, 'ssl' | 'sasl'> {
  return {
    ...(typeof ssl === 'object' && { ssl: absoluteTls(ssl, folder) }),
    ...(sasl !== undefined &&
      'tokenEndpoint' in sasl &&
      sasl.ssl !== undefined && { sasl: { ...sasl, ssl: absoluteTls(sasl.ssl, folder) } }),
  };
}

const PASSWORD_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** EVPIPE_KAFKA_SASL_MECHANISM and what it needs. */
function writtenSasl(further: Further): Sasl | undefined {
  const mechanism = further('SASL_MECHANISM')?.toLowerCase();
  if (mechanism === undefined) return undefined;
  const wanted = (field: string): string => further(field) ?? lacking(mechanism, field);
  if (mechanism === 'oauthbearer') {
    const token = further('TOKEN');
    if (token !== undefined) return { mechanism, token };
    const ca = further('TOKEN_ENDPOINT_CA');
    return {
      mechanism,
      tokenEndpoint: wanted('TOKEN_ENDPOINT'),
      clientId: wanted('CLIENT_ID'),
      clientSecret: wanted('CLIENT_SECRET'),
      scope: further('SCOPE'),
      ...(ca !== undefined && { ssl: { ca: resolve(ca) } }),
    };
  }
  const known = PASSWORD_MECHANISMS.find((one) => one === mechanism);
  if (known === undefined) {
    throw new EvpipeError('EVPIPE_ADDRESS_INVALID', `EVPIPE_KAFKA_SASL_MECHANISM is ${mechanism}`, {
      kind: 'usage',
      todo: `It can be ${PASSWORD_MECHANISMS.join(', ')} or oauthbearer.`,
    });
  }
  return { mechanism: known, username: wanted('USERNAME'), password: wanted('PASSWORD') };
}

function lacking(mechanism: string, field: string): never {
  throw new EvpipeError('EVPIPE_ADDRESS_INVALID', `${mechanism} needs EVPIPE_KAFKA_${field}`, { kind: 'usage' });
}

function furtherSasl(sasl: Sasl | undefined): Readonly<Record<string, string | undefined>> {
  if (sasl === undefined) return {};
  if (sasl.mechanism !== 'oauthbearer') {
    return { SASL_MECHANISM: sasl.mechanism, USERNAME: sasl.username, PASSWORD: sasl.password };
  }
  if ('token' in sasl) return { SASL_MECHANISM: sasl.mechanism, TOKEN: sasl.token };
  return {
    SASL_MECHANISM: sasl.mechanism,
    TOKEN_ENDPOINT: sasl.tokenEndpoint,
    CLIENT_ID: sasl.clientId,
    CLIENT_SECRET: sasl.clientSecret,
    SCOPE: sasl.scope,
    TOKEN_ENDPOINT_CA: sasl.ssl?.ca,
  };
}
