import { encodeResponse } from '../../../protocol/kafka/codec.js';
import { errorCode } from '../../../protocol/kafka/errors.js';
import { apiVersions } from '../../../protocol/kafka/messages/api-versions.js';
import type { Part } from '../../../protocol/kafka/writer.js';
import { FEATURES } from '../features.js';
import type { Call } from '../server/call.js';
import { handler } from './handler.js';

/** Real brokers announce Produce from 0 on although they refuse 0 to 2: older librdkafka gives up on them otherwise. */
const PRODUCE_KEY = 0;

const announced = (handlers: Call['handlers']) =>
  handlers.map(({ api, versions }) => ({
    apiKey: api.key,
    minVersion: api.key === PRODUCE_KEY ? 0 : versions[0],
    maxVersion: versions[1],
  }));

/** What a client may say of itself (KIP-511); from version 3 on it has to. */
const SOFTWARE = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;

/** Supports: all versions. Behaviour: an unknown version is answered in version 0 with error 35 and the versions of this request. */
export const apiVersionsHandler = handler(
  apiVersions,
  { supports: 'All versions; the table of this page is what it answers.' },
  ({ clientSoftwareName, clientSoftwareVersion }, { handlers, version }) => {
    const isNamed = SOFTWARE.test(clientSoftwareName) && SOFTWARE.test(clientSoftwareVersion);
    if (version >= 3 && !isNamed) return { errorCode: errorCode('INVALID_REQUEST') };
    return {
      apiKeys: announced(handlers),
      // Before version 4 a feature whose lowest level is 0 could not be announced (KAFKA-17011).
      supportedFeatures: FEATURES.filter(({ min }) => version >= 4 || min > 0).map(({ name, min, max }) => ({
        name,
        minVersion: min,
        maxVersion: max,
      })),
      finalizedFeaturesEpoch: 1n,
      finalizedFeatures: FEATURES.filter(({ level }) => level > 0).map(({ name, level }) => ({
        name,
        maxVersionLevel: level,
        minVersionLevel: level,
      })),
    };
  },
);

export function unsupportedApiVersions(correlationId: number): Part[] {
  const [minVersion, maxVersion] = apiVersionsHandler.versions;
  return encodeResponse(apiVersions, 0, correlationId, {
    errorCode: errorCode('UNSUPPORTED_VERSION'),
    apiKeys: [{ apiKey: apiVersions.key, minVersion, maxVersion }],
  });
}
