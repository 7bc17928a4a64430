import { EvpipeError } from '../../support/errors.js';
import { furtherTls, writtenTls } from '../../support/tls-variables.js';
import type { KafkaAccess, Sasl } from './contract.js';

/** How Kafka is reached, in variables: KAFKA_SASL_MECHANISM for services, EVPIPE_KAFKA_SASL_MECHANISM for evpipe itself. */

/** The value of a variable by the end of its name; `prefix` is for messages. */
export interface Variables {
  readonly prefix: string;
  get(field: string): string | undefined;
}

/** Throws EVPIPE_ADDRESS_INVALID (kind usage). */
export function kafkaAccess(bootstrapServers: string, variables: Variables): KafkaAccess {
  const sasl = writtenSasl(variables);
  const ssl = writtenTls(variables.get) ?? (variables.get('SSL') === 'true' ? true : undefined);
  return { bootstrapServers, ...(ssl !== undefined && { ssl }), ...(sasl !== undefined && { sasl }) };
}

/** The other way round. */
export const kafkaVariables = ({ ssl, sasl }: KafkaAccess): Readonly<Record<string, string | undefined>> => ({
  SSL: ssl === true ? 'true' : undefined,
  ...furtherTls(typeof ssl === 'object' ? ssl : undefined),
  ...saslVariables(sasl),
});

const PASSWORD_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

function writtenSasl({ prefix, get }: Variables): Sasl | undefined {
  const mechanism = get('SASL_MECHANISM')?.toLowerCase();
  if (mechanism === undefined) return undefined;
  const wanted = (field: string): string => get(field) ?? lacking(`${mechanism} needs ${prefix}${field}`);
  if (mechanism === 'oauthbearer') {
    const extensions = pairsIn(get('SASL_EXTENSIONS'));
    const token = get('TOKEN');
    if (token !== undefined) return { mechanism, token, ...extensions };
    const ca = get('TOKEN_ENDPOINT_CA');
    return {
      mechanism,
      tokenEndpoint: wanted('TOKEN_ENDPOINT'),
      clientId: wanted('CLIENT_ID'),
      clientSecret: wanted('CLIENT_SECRET'),
      scope: get('SCOPE'),
      ...extensions,
      ...(ca !== undefined && { ssl: { ca } }),
    };
  }
  const known = PASSWORD_MECHANISMS.find((one) => one === mechanism);
  if (known !== undefined) return { mechanism: known, username: wanted('USERNAME'), password: wanted('PASSWORD') };
  const todo = `It can be ${PASSWORD_MECHANISMS.join(', ')} or oauthbearer.`;
  return lacking(`${prefix}SASL_MECHANISM is ${mechanism}`, todo);
}

function lacking(message: string, todo?: string): never {
  throw new EvpipeError('EVPIPE_ADDRESS_INVALID', message, { kind: 'usage', ...(todo !== undefined && { todo }) });
}

/** `logicalCluster=lkc-1,identityPoolId=pool-2`, as librdkafka writes them. */
function pairsIn(text: string | undefined): Pick<Extract<Sasl, { token: string }>, 'extensions'> {
  if (text === undefined) return {};
  const pairs = text.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return { extensions: Object.fromEntries(pairs) };
}

function saslVariables(sasl: Sasl | undefined): Readonly<Record<string, string | undefined>> {
  if (sasl === undefined) return {};
  if (sasl.mechanism !== 'oauthbearer') {
    return { SASL_MECHANISM: sasl.mechanism, USERNAME: sasl.username, PASSWORD: sasl.password };
  }
  const pairs = Object.entries(sasl.extensions ?? {}).map(([name, value]) => `${name}=${value}`);
  const common = { SASL_MECHANISM: sasl.mechanism, SASL_EXTENSIONS: pairs.length > 0 ? pairs.join(',') : undefined };
  if ('token' in sasl) return { ...common, TOKEN: sasl.token };
  return {
    ...common,
    TOKEN_ENDPOINT: sasl.tokenEndpoint,
    CLIENT_ID: sasl.clientId,
    CLIENT_SECRET: sasl.clientSecret,
    SCOPE: sasl.scope,
    TOKEN_ENDPOINT_CA: sasl.ssl?.ca,
  };
}
