import type { KafkaAccess } from '../../clients/kafka/contract.js';
import { componentsOf } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';
import { javaProperties, librdkafkaSettings } from '../../kinds/topic/client-settings.js';
import { EvpipeError } from '../../support/errors.js';
import { tlsSettings } from '../../support/tls-files.js';
import { type Component, type Endpoint, furtherVariable, server, variableOf } from '../../targets/component.js';

/**
 * The addresses of all that runs, by the names that targets read them from (EVPIPE_KAFKA_BOOTSTRAP_SERVERS …), passwords in
 * URLs included, databases with the login of their owner; `_INSIDE` beside them where the stack's servers see another address. Throws EVPIPE_NOT_RUNNING (kind
 * unreachable) where there is none.
 */
export async function addresses(session: Session): Promise<Readonly<Record<string, string>>> {
  const { pipeline, kinds, target } = session;
  const components = componentsOf(pipeline, kinds).map(({ component }) => component);
  const variables = await Promise.all(
    components.map(async (component): Promise<Readonly<Record<string, string>>> => {
      const faces = await target.endpoint(component);
      if (faces === undefined) return {};
      const [host, inside] = [faces.host, faces.inside].map((endpoint) =>
        component.address.text(target.as(endpoint, 'owner')),
      );
      if (host === undefined) return {};
      return {
        [variableOf(component)]: host,
        ...(inside !== undefined && inside !== host && { [variableOf(component, '_INSIDE')]: inside }),
        ...furtherOf(component, faces.host),
      };
    }),
  );
  const found: Readonly<Record<string, string>> = Object.assign({}, ...variables);
  if (Object.keys(found).length > 0) return found;
  throw new EvpipeError('EVPIPE_NOT_RUNNING', `${pipeline.name} is not running, so it has no addresses`, {
    kind: 'unreachable',
    todo: 'Start it with evpipe up.',
  });
}

/** What a client of the pipeline's Kafka has to be told, in its own words. Throws EVPIPE_NOT_RUNNING (kind unreachable). */
export async function kafkaSettings(
  { clients }: Session,
  client: 'java' | 'librdkafka',
): Promise<Readonly<Record<string, string>>> {
  const { host } = await clients.endpoint(server('kafka'));
  return client === 'java' ? { ...javaProperties(host), ...javaKeystore(host) } : librdkafkaSettings(host);
}

/** Java wants key and certificate in one file, or as text (KIP-651): evpipe has them in two files. */
function javaKeystore({ ssl }: KafkaAccess): Readonly<Record<string, string>> {
  if (typeof ssl !== 'object' || ssl.cert === undefined) return {};
  const { cert, key } = tlsSettings(ssl);
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': String(cert),
    'ssl.keystore.key': String(key),
  };
}

function furtherOf(component: Component, endpoint: Endpoint): Readonly<Record<string, string>> {
  const { address } = component;
  return Object.fromEntries(
    Object.entries({ ...address.further?.(endpoint), ...address.credentials?.(endpoint) }).flatMap(([field, value]) =>
      value === undefined ? [] : [[furtherVariable(component.address, field), value]],
    ),
  );
}
