import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeResponse } from '../../../../src/protocol/kafka/codec.js';
import { errorName } from '../../../../src/protocol/kafka/errors.js';
import { alterReplicaLogDirs } from '../../../../src/protocol/kafka/messages/alter-replica-log-dirs.js';
import { apiVersions } from '../../../../src/protocol/kafka/messages/api-versions.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { addRaftVoter } from '../../../../src/protocol/kafka/messages/raft-voters.js';
import { shareGroupDescribe, shareGroupHeartbeat } from '../../../../src/protocol/kafka/messages/share-groups.js';
import { updateFeatures } from '../../../../src/protocol/kafka/messages/update-features.js';
import { TestBroker } from './running-broker.js';

interface Recorded {
  readonly api: string;
  readonly version: number;
  readonly direction: string;
  readonly bytes: string;
}

/** What Apache Kafka 4.1.1 answered to its own clients. */
function recordedApiVersions() {
  const file = new URL('../../../fixtures/kafka/frames.json', import.meta.url);
  const frames = JSON.parse(readFileSync(file, 'utf8')) as readonly Recorded[];
  const frame = frames.find((one) => one.api === 'ApiVersions' && one.direction === 'response' && one.version === 4);
  if (frame === undefined) throw new Error('no ApiVersions response was recorded');
  return decodeResponse(apiVersions, 4, Buffer.from(frame.bytes, 'base64')).value;
}

type ApiKeys = ReturnType<typeof recordedApiVersions>['apiKeys'];
const ranges = (apiKeys: ApiKeys): string[] =>
  apiKeys.map(({ apiKey, minVersion, maxVersion }) => `${apiKey}: ${minVersion} to ${maxVersion}`);

describe('what the broker announces', () => {
  it('are the requests and versions of a Kafka 4.1 node, so that clients take it for one', async () => {
    const client = await (await TestBroker.start()).client();
    const { apiKeys } = await client.send(apiVersions, 4, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
    expect(ranges(apiKeys).sort()).toEqual(ranges(recordedApiVersions().apiKeys).sort());
  });
});

describe('features that are off', () => {
  it('refuse share groups and new voters as a node of version 4.1 does', async () => {
    const client = await (await TestBroker.start()).client();
    const join = { groupId: 'g', memberId: 'm', memberEpoch: 0, subscribedTopicNames: ['t'] };
    const joined = await client.send(shareGroupHeartbeat, 1, join);
    expect(errorName(joined.errorCode)).toBe('UNSUPPORTED_VERSION');
    const { groups } = await client.send(shareGroupDescribe, 1, { groupIds: ['g'] });
    expect(groups.map(({ groupId, errorCode }) => [groupId, errorName(errorCode)])).toEqual([
      ['g', 'UNSUPPORTED_VERSION'],
    ]);
    const voter = await client.send(addRaftVoter, 0, { timeoutMs: 1000, voterId: 2, listeners: [] });
    expect(errorName(voter.errorCode)).toBe('UNSUPPORTED_VERSION');
  });

  it('are told so by UpdateFeatures, for all of its features at once in every version', async () => {
    const client = await (await TestBroker.start()).client();
    const update = (feature: string, maxVersionLevel: number) => ({ feature, maxVersionLevel });
    const featureUpdates = [update('group.version', 1), update('share.version', 1), update('metadata.version', 99)];
    for (const version of [0, 1, 2]) {
      const all = await client.send(updateFeatures, version, { featureUpdates });
      expect(all.results ?? []).toEqual([]);
      expect([errorName(all.errorCode), all.errorMessage]).toEqual([
        'INVALID_UPDATE_VERSION',
        'The update failed for all features since the following feature had an error: Invalid update version 1 for feature share.version. Local controller 1 only supports versions 0-0',
      ]);
    }
    const { results } = await client.send(updateFeatures, 1, { featureUpdates: [update('group.version', 1)] });
    expect(results).toEqual([{ feature: 'group.version', errorCode: 0, errorMessage: null }]);
  });
});

it('leaves replicas in the one log directory there is', async () => {
  const broker = await TestBroker.start();
  const client = await broker.client();
  await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  const topics = [{ name: 't', partitions: [0, 1] }];
  const moved = async (path: string) => {
    const { results } = await client.send(alterReplicaLogDirs, 2, { dirs: [{ path, topics }] });
    return results.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorName(errorCode)));
  };
  expect(await moved(broker.dataDir)).toEqual(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION']);
  expect(await moved('/elsewhere')).toEqual(['LOG_DIR_NOT_FOUND', 'LOG_DIR_NOT_FOUND']);
});
