import { httpAddress } from '../../kinds/http-component.js';
import { kafkaAddress } from '../../kinds/topic/address.js';
import { EvpipeError } from '../../support/errors.js';
import { type AddressContext, addressVariable, endpointWritten } from '../../targets/component.js';
import type { ImportAddresses } from './import.js';

export interface GivenAddresses {
  readonly bootstrapServers: string | undefined;
  readonly schemaRegistryUrl: string | undefined;
  readonly connectUrl: string | undefined;
  readonly ksqldbUrl: string | undefined;
}

/** As given, else from the environment, credentials always from there. Throws EVPIPE_ADDRESS_MISSING and EVPIPE_ADDRESS_INVALID (kind usage). */
export function importAddresses(given: GivenAddresses, context: AddressContext): ImportAddresses {
  const kafka = endpointWritten(kafkaAddress, given.bootstrapServers, context);
  if (kafka === undefined) {
    throw new EvpipeError('EVPIPE_ADDRESS_MISSING', 'no Kafka address given', {
      kind: 'usage',
      todo: `--bootstrap-servers host:9092, or set ${addressVariable(kafkaAddress)}.`,
    });
  }
  const http = (variable: string, url: string | undefined) => endpointWritten(httpAddress(variable), url, context);
  return {
    kafka,
    schemaRegistry: http('SCHEMA_REGISTRY', given.schemaRegistryUrl),
    connect: http('CONNECT', given.connectUrl),
    ksqldb: http('KSQLDB', given.ksqldbUrl),
  };
}
