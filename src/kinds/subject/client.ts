import type { SchemaRegistryClient } from '../../clients/schema-registry/client.js';
import type { ValueDecoder } from '../../clients/schema-registry/decode-value.js';
import { server } from '../../targets/component.js';
import type { Clients } from '../clients.js';

export const registryClient = (clients: Clients): Promise<SchemaRegistryClient> =>
  clients.once('registry', async () => {
    const { host } = await clients.endpoint(server('schemaRegistry'));
    const { connectSchemaRegistry } = await import('../../clients/schema-registry/client.js');
    return connectSchemaRegistry({ ...host, liveness: clients.liveness, signal: clients.signal });
  });

/** Without a registry in the pipeline, framed values stay bytes. */
export async function valueDecoder(clients: Clients): Promise<ValueDecoder> {
  const registry = await clients.target.endpoint(server('schemaRegistry')).catch(() => undefined);
  const { ValueDecoder: Decoder } = await import('../../clients/schema-registry/decode-value.js');
  return new Decoder(registry === undefined ? undefined : await registryClient(clients));
}
