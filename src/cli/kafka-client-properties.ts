/** A listener as a client has to know it. */
export interface Listener {
  /** SASL_SSL, SASL_PLAINTEXT or SSL. */
  readonly name: string;
  readonly sasl?: readonly string[];
  /** Where the server's certificate is; clients trust it. */
  readonly certificateFile?: string;
}

/** What to paste into the properties of a Java client; other clients take the same settings. */
export function clientProperties(address: string, { name, sasl, certificateFile }: Listener): string {
  const login = 'org.apache.kafka.common.security.scram.ScramLoginModule required';
  const lines = [
    `bootstrap.servers=${address}`,
    `security.protocol=${name}`,
    ...(sasl === undefined
      ? []
      : ['sasl.mechanism=SCRAM-SHA-256', `sasl.jaas.config=${login} username="<user>" password="<password>";`]),
    ...(certificateFile === undefined
      ? []
      : [
          'ssl.truststore.type=PEM',
          `ssl.truststore.location=${certificateFile}`,
          'ssl.endpoint.identification.algorithm=',
        ]),
  ];
  return `${lines.join('\n')}\n`;
}
