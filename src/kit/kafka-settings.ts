import type { KafkaConfig } from 'kafkajs';
import { kafkaAccess } from '../clients/kafka/access-variables.js';
import type { KafkaAccess } from '../clients/kafka/contract.js';
import { oauthToken } from '../clients/kafka/oauth-token.js';
import { tlsSettings } from '../support/tls-files.js';
import './kafkajs-idle.js';

/** KAFKA_BOOTSTRAP_SERVERS and the logins and certificates beside it, which evpipe gives to every service that refers to Kafka. */
export const kafkaOf = (bootstrapServers: string, env: Readonly<Record<string, string | undefined>>): KafkaAccess =>
  kafkaAccess(bootstrapServers, { prefix: 'KAFKA_', get: (field) => env[`KAFKA_${field}`] || undefined });

export function kafkajsSettings({
  bootstrapServers,
  ssl,
  sasl,
}: KafkaAccess): Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'> {
  return {
    brokers: bootstrapServers.split(','),
    ...(ssl !== undefined && { ssl: typeof ssl === 'object' ? tlsSettings(ssl) : ssl }),
    ...(sasl !== undefined && { sasl: kafkajsLogin(sasl) }),
  };
}

function kafkajsLogin(sasl: NonNullable<KafkaAccess['sasl']>): NonNullable<KafkaConfig['sasl']> {
  if (sasl.mechanism !== 'oauthbearer') return sasl as Extract<KafkaConfig['sasl'], { username: string }>;
  const { extensions = {} } = sasl;
  return {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => ({ value: await oauthToken(sasl), extensions: { ...extensions } }),
  };
}
