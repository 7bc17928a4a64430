import { javaProperties } from '../kinds/topic/client-settings.js';

/** A listener as a client has to know it. */
export interface Listener {
  /** SASL_SSL, SASL_PLAINTEXT or SSL. */
  readonly name: string;
  readonly sasl?: readonly string[];
  /** Where the server's certificate is; clients trust it, whatever host it names. */
  readonly certificateFile?: string;
}

/** What to paste into the properties of a Java client; other clients take the same settings. */
export function clientProperties(address: string, { sasl, certificateFile }: Listener): string {
  return propertiesText(
    javaProperties({
      bootstrapServers: address,
      ...(sasl !== undefined && {
        sasl: { mechanism: 'scram-sha-256', username: '<user>', password: '<password>' },
      }),
      ...(certificateFile !== undefined && { ssl: { ca: certificateFile, rejectUnauthorized: false } }),
    }),
  );
}

type Settings = Readonly<Record<string, string>>;

const ALLOWED_URLS = 'org.apache.kafka.sasl.oauthbearer.allowed.urls';

/** As java.util.Properties reads it. A token endpoint is allowed by the JVM's own properties (since Kafka 4.0), which are told in a comment. */
export function propertiesText(settings: Settings): string {
  const endpoint = settings['sasl.oauthbearer.token.endpoint.url'];
  const comment = endpoint === undefined ? '' : `# Run Java with -D${ALLOWED_URLS}=${endpoint}\n`;
  return comment + lines(settings, (value) => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n'));
}

/** As kcat -F reads it: nothing is escaped. */
export const librdkafkaText = (settings: Settings): string => lines(settings, (value) => value);

const lines = (settings: Settings, written: (value: string) => string): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${written(value)}\n`)
    .join('');
