import { kafkaAccess, kafkaVariables } from '../../clients/kafka/access-variables.js';
import type { KafkaAccess } from '../../clients/kafka/contract.js';
import type { TlsFiles } from '../../support/tls-files.js';
import type { AddressContext, AddressForm } from '../../targets/component.js';
import { absoluteTls, referredTls, TLS_FIELDS } from '../tls-address.js';
import { javaProperties } from './client-settings.js';

/** How an address of Kafka is written: in the file, in EVPIPE_KAFKA_…, as `$(kafka.…)`. */
export const kafkaAddress: AddressForm<'kafka'> = {
  variable: ['KAFKA', 'BOOTSTRAP_SERVERS'],
  form: 'host:port',
  written: (bootstrapServers, get) => kafkaAccess(bootstrapServers, { prefix: 'EVPIPE_KAFKA_', get }),
  endpoint: (address, context) => ({ ...address, ...absoluteFiles(address, context) }),
  text: ({ bootstrapServers }) => bootstrapServers,
  credentials: kafkaVariables,
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
